// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {CommissionVault} from "../src/CommissionVault.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {GMS} from "../src/GMS.sol";
import {SumTree} from "../src/SumTree.sol";

/// The few cheatcodes these tests use.
interface Vm {
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 timestamp) external;
    function addr(uint256 key) external returns (address);
    function sign(uint256 key, bytes32 digest) external returns (uint8 v, bytes32 r, bytes32 s);
    function expectRevert(bytes calldata data) external;
    function expectRevert() external;
    function assume(bool condition) external;
    function expectEmit(bool topic1, bool topic2, bool topic3, bool data) external;
    function load(address target, bytes32 slot) external returns (bytes32);
    function store(address target, bytes32 slot, bytes32 value) external;
}

/// A vault, its people, and trees small enough to build here.
abstract contract Fixture {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint64 internal constant ACTIVATION = 1 days;
    uint64 internal constant WITHDRAWAL = 45 days;
    uint64 internal constant RECIPIENT = 3 days;
    uint128 internal constant BOND = 100 ether;

    GMS internal gms;
    CommissionVault internal vault;
    address internal merchant = address(0x3e7c4a47);
    address internal stranger = address(0x57a46e7);
    uint256 internal annaKey = 0xa11a;
    uint256 internal bertKey = 0xbe47;
    address internal anna;
    address internal bert;

    function deployAll() internal {
        vm.warp(1_800_000_000);
        gms = new GMS(address(this));
        vault = new CommissionVault(IERC20(address(gms)), ACTIVATION, WITHDRAWAL, RECIPIENT, BOND);
        anna = vm.addr(annaKey);
        bert = vm.addr(bertKey);
        gms.transfer(stranger, 1000 ether);
        gms.approve(address(vault), type(uint256).max);
        vm.prank(stranger);
        gms.approve(address(vault), type(uint256).max);
    }

    // ---- trees of two leaves: enough for every rule of the vault ----

    function leafOf(bytes32 member, address recipient, uint256 due, uint256 all)
        internal
        pure
        returns (SumTree.Leaf memory)
    {
        return SumTree.Leaf(member, recipient, due, all);
    }

    function annaLeaf(uint256 due) internal view returns (SumTree.Leaf memory) {
        return leafOf("anna", anna, due, due);
    }

    function bertLeaf(uint256 due) internal view returns (SumTree.Leaf memory) {
        return leafOf("bert", bert, due, due);
    }

    function nodeOf(address owner, SumTree.Leaf memory leaf) internal view returns (SumTree.Node memory) {
        return SumTree.Node(vault.hashLeaf(owner, leaf), leaf.payableAmount, leaf.outstandingAmount);
    }

    function rootOf(address owner, SumTree.Leaf memory left, SumTree.Leaf memory right)
        internal
        view
        returns (SumTree.Node memory)
    {
        SumTree.Node memory a = nodeOf(owner, left);
        SumTree.Node memory b = nodeOf(owner, right);
        return SumTree.Node(
            vault.hashNode(owner, a, b), a.payableSum + b.payableSum, a.outstandingSum + b.outstandingSum
        );
    }

    function proofOf(address owner, uint64 epoch, uint256 index, SumTree.Leaf memory other)
        internal
        view
        returns (SumTree.Proof memory)
    {
        SumTree.Node[] memory siblings = new SumTree.Node[](1);
        siblings[0] = nodeOf(owner, other);
        return SumTree.Proof(epoch, index, siblings);
    }

    function propose(uint64 epoch, SumTree.Leaf memory left, SumTree.Leaf memory right) internal {
        SumTree.Node memory root = rootOf(merchant, left, right);
        vm.prank(merchant);
        vault.propose(epoch, root.hash, root.payableSum, root.outstandingSum, "statement");
    }

    function proposeAndWait(uint64 epoch, uint256 annaDue, uint256 bertDue) internal {
        propose(epoch, annaLeaf(annaDue), bertLeaf(bertDue));
        vm.warp(block.timestamp + ACTIVATION);
    }

    /// Claim anna's leaf of an epoch in which bert is due `bertDue`.
    function claimAnna(uint64 epoch, uint256 due, uint256 bertDue) internal returns (uint256) {
        return vault.claim(merchant, annaLeaf(due), proofOf(merchant, epoch, 0, bertLeaf(bertDue)));
    }

    function signed(uint256 key, bytes32 digest) internal returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function check(bool holds, string memory what) internal pure {
        require(holds, what);
    }

    function same(uint256 found, uint256 wanted, string memory what) internal pure {
        if (found != wanted) revert Differs(what, found, wanted);
    }

    error Differs(string what, uint256 found, uint256 wanted);
}

abstract contract Base is Fixture {
    function setUp() public virtual {
        deployAll();
    }
}
