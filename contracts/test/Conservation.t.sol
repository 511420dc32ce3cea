// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base, Fixture} from "./Base.sol";
import {CommissionVault} from "../src/CommissionVault.sol";
import {GMS} from "../src/GMS.sol";
import {SumTree} from "../src/SumTree.sol";

/// Two merchants, one of whom cheats where it can, three members, a disputer and passing time, in any order.
contract Handler is Fixture {
    address[2] public merchants = [address(0x1111), address(0x2222)];
    mapping(address merchant => uint256) public deposited;
    mapping(address merchant => uint256) public withdrawn;
    mapping(address merchant => uint256) public highestPayable;
    mapping(address merchant => SumTree.Leaf[2]) internal leaves;
    mapping(address merchant => SumTree.Leaf[2]) internal earlier;
    uint256 public claims;
    uint256 public bonds;

    constructor() {
        deployAll();
        for (uint256 i = 0; i < 2; ++i) {
            leaves[merchants[i]][0] = leafOf(id(i, 0), payee(i, 0), 0, 0);
            leaves[merchants[i]][1] = leafOf(id(i, 1), payee(i, 1), 0, 0);
        }
    }

    function gmsOf() external view returns (GMS) {
        return gms;
    }

    function vaultUnderTest() external view returns (CommissionVault) {
        return vault;
    }

    function id(uint256 m, uint256 i) public pure returns (bytes32) {
        return keccak256(abi.encode("member", m, i));
    }

    function payee(uint256 m, uint256 i) public pure returns (address) {
        return address(uint160(0xabc000 + m * 16 + i));
    }

    function deposit(uint256 m, uint96 amount) external {
        amount = amount % 1000 ether + 1;
        vault.deposit(merchants[m % 2], amount);
        deposited[merchants[m % 2]] += amount;
    }

    /// Propose up to all that is covered; a cheat moves payable from one member to the other.
    function proposeNext(uint256 m, uint96 more, uint96 held, bool cheat) public {
        address owner = merchants[m % 2];
        SumTree.Leaf[2] memory next = leaves[owner];
        uint256 covered = vault.reserveOf(owner) + vault.claimedTotalOf(owner);
        uint256 total = next[0].payableAmount + next[1].payableAmount;
        if (covered < total) return;
        next[more % 2].payableAmount += uint256(more) % (covered - total + 1);
        if (cheat) {
            next[0].payableAmount += next[1].payableAmount;
            next[1].payableAmount = 0;
        }
        for (uint256 i = 0; i < 2; ++i) {
            next[i].outstandingAmount = next[i].payableAmount + held % 100 ether;
        }
        SumTree.Node memory root = rootOf(owner, next[0], next[1]);
        uint64 epoch = newest(owner) + 1;
        vm.prank(owner);
        vault.propose(epoch, root.hash, root.payableSum, root.outstandingSum, "");
        for (uint256 i = 0; i < 2; ++i) {
            earlier[owner][i] = leaves[owner][i];
            leaves[owner][i] = next[i];
        }
        highestPayable[owner] = root.payableSum;
    }

    function newest(address owner) internal view returns (uint64) {
        uint64 pending = vault.pendingRoot(owner).epoch;
        return pending == 0 ? vault.activeRoot(owner).epoch : pending;
    }

    /// Try leaf `i` of the newest or of an earlier tree, under the epoch that is active.
    function claim(uint256 m, uint256 i, bool old) external {
        address owner = merchants[m % 2];
        SumTree.Leaf[2] memory tree = old ? earlier[owner] : leaves[owner];
        if (tree[0].memberId == 0) return;
        uint64 epoch = vault.activeRoot(owner).epoch;
        SumTree.Proof memory proof = proofOf(owner, epoch, i % 2, tree[1 - i % 2]);
        try vault.claim(owner, tree[i % 2], proof) {
            ++claims;
        } catch {}
    }

    function dispute(uint256 m, uint256 i) external {
        address owner = merchants[m % 2];
        SumTree.Leaf[2] memory tree = leaves[owner];
        SumTree.Proof memory proof = proofOf(owner, newest(owner), i % 2, tree[1 - i % 2]);
        try vault.dispute(owner, tree[i % 2], proof, "") {
            bonds += BOND;
        } catch {}
    }

    function reclaim(uint256 m, uint256 i, uint64 epoch) external {
        uint256 which = m % 2;
        address owner = merchants[which];
        epoch = epoch % (newest(owner) + 1);
        try vault.reclaimBond(owner, epoch, id(which, i % 2)) {
            bonds -= BOND;
        } catch {}
    }

    /// Announce all that is free, and shortly before it is ready owe all of it to the members.
    function withdraw(uint256 m, bool owe) external {
        address owner = merchants[m % 2];
        uint256 amount = vault.freeOf(owner);
        if (amount == 0) return;
        vm.prank(owner);
        vault.announceWithdrawal(amount);
        vm.warp(block.timestamp + WITHDRAWAL - 1 hours);
        if (owe) proposeNext(m, type(uint96).max, 0, false);
        vm.warp(block.timestamp + 1 hours);
        vm.prank(owner);
        try vault.withdraw() {
            withdrawn[owner] += amount;
        } catch {}
    }

    function pass(uint256 time) external {
        vm.warp(block.timestamp + time % 2 days);
    }
}

contract ConservationTest is Base {
    Handler internal handler;

    function setUp() public override {
        vm.warp(1_800_000_000);
        handler = new Handler();
        gms = handler.gmsOf();
        vault = handler.vaultUnderTest();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_the_balance_is_all_reserves_and_bonds() external view {
        uint256 reserves = vault.reserveOf(handler.merchants(0)) + vault.reserveOf(handler.merchants(1));
        same(gms.balanceOf(address(vault)), reserves + handler.bonds(), "vault");
    }

    function invariant_each_merchant_pays_from_its_own() external view {
        for (uint256 m = 0; m < 2; ++m) {
            address owner = handler.merchants(m);
            uint256 covered = vault.reserveOf(owner) + vault.claimedTotalOf(owner);
            same(covered, handler.deposited(owner) - handler.withdrawn(owner), "cover");
            check(covered >= vault.activeRoot(owner).payableTotal, "the active root is covered");
            check(covered >= vault.pendingRoot(owner).payableTotal, "the pending root is covered");
            check(vault.claimedTotalOf(owner) <= vault.activeRoot(owner).payableTotal, "claimed <= payable");
            check(vault.activeRoot(owner).payableTotal <= handler.highestPayable(owner), "payable never falls");
        }
    }

    function invariant_each_member_has_what_is_recorded_as_claimed() external view {
        for (uint256 m = 0; m < 2; ++m) {
            uint256 sum;
            for (uint256 i = 0; i < 2; ++i) {
                uint256 claimed = vault.claimedOf(handler.merchants(m), handler.id(m, i));
                same(gms.balanceOf(handler.payee(m, i)), claimed, "member");
                sum += claimed;
            }
            same(vault.claimedTotalOf(handler.merchants(m)), sum, "claimed in all");
        }
    }
}
