// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract ClaimTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 100 ether);
        proposeAndWait(1, 10 ether, 20 ether);
    }

    /// Proof first, so that an expected revert meets the claim and not the hashing.
    function claimFails(bytes memory why, SumTree.Leaf memory leaf, SumTree.Proof memory proof) internal {
        vm.expectRevert(why);
        vault.claim(merchant, leaf, proof);
    }

    function test_it_pays_the_recipient_whoever_sends_it() public {
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.RootActivated(merchant, 1);
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.Claimed(merchant, "anna", 1, anna, 10 ether);
        vm.prank(stranger);
        same(vault.claim(merchant, annaLeaf(10 ether), proof), 10 ether, "amount");
        same(gms.balanceOf(anna), 10 ether, "anna");
        same(vault.reserveOf(merchant), 90 ether, "reserve");
        same(vault.claimedTotalOf(merchant), 10 ether, "claimed in all");
        same(vault.claimedOf(merchant, "anna"), 10 ether, "claimed by anna");
    }

    function test_twice_is_refused() public {
        claimAnna(1, 10 ether, 20 ether);
        claimFails(
            abi.encodeWithSelector(ICommissionVault.NothingToClaim.selector, bytes32("anna"), 10 ether, 10 ether),
            annaLeaf(10 ether),
            proofOf(merchant, 1, 0, bertLeaf(20 ether))
        );
    }

    function test_the_next_epoch_pays_the_difference_only() public {
        claimAnna(1, 10 ether, 20 ether);
        proposeAndWait(2, 13 ether, 20 ether);
        same(claimAnna(2, 13 ether, 20 ether), 3 ether, "difference");
        same(gms.balanceOf(anna), 13 ether, "anna");
    }

    function test_a_stale_root_names_both_epochs() public {
        proposeAndWait(7, 10 ether, 20 ether);
        claimFails(
            abi.encodeWithSelector(ICommissionVault.StaleRoot.selector, 1, 7),
            annaLeaf(10 ether),
            proofOf(merchant, 1, 0, bertLeaf(20 ether))
        );
    }

    function test_a_pending_root_names_its_time() public {
        propose(2, annaLeaf(11 ether), bertLeaf(20 ether));
        claimFails(
            abi.encodeWithSelector(
                ICommissionVault.RootPending.selector, 2, block.timestamp + ACTIVATION, block.timestamp
            ),
            annaLeaf(11 ether),
            proofOf(merchant, 2, 0, bertLeaf(20 ether))
        );
    }

    function testFuzz_no_other_leaf_passes(bytes32 member, address to, uint128 due, uint128 all, uint8 index) public {
        SumTree.Leaf memory leaf = leafOf(member, to, due, all);
        SumTree.Proof memory proof = proofOf(merchant, 1, index, bertLeaf(20 ether));
        vm.assume(member != "anna" || due != 10 ether);
        vm.expectRevert();
        vault.claim(merchant, leaf, proof);
    }

    function test_a_sum_node_is_no_leaf_of_another_merchant() public {
        vault.deposit(stranger, 100 ether);
        SumTree.Node memory root = rootOf(merchant, annaLeaf(10 ether), bertLeaf(20 ether));
        vm.prank(stranger);
        vault.propose(1, root.hash, root.payableSum, root.outstandingSum, "copied");
        vm.warp(block.timestamp + ACTIVATION);
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        vm.expectRevert();
        vault.claim(stranger, annaLeaf(10 ether), proof);
    }

    /// A merchant drops anna, whom it has paid, and gives her share to bert: the total stands still, so nothing is left.
    function test_a_dropped_member_does_not_free_her_share() public {
        claimAnna(1, 10 ether, 20 ether);
        SumTree.Leaf memory gone = leafOf("gone", stranger, 0, 0);
        propose(2, gone, bertLeaf(30 ether));
        vm.warp(block.timestamp + ACTIVATION);
        claimFails(
            abi.encodeWithSelector(ICommissionVault.ClaimsExceedPayable.selector, 10 ether, 30 ether, 30 ether),
            bertLeaf(30 ether),
            proofOf(merchant, 2, 1, gone)
        );
    }

    function test_recipients_that_would_lose_the_tokens_are_refused() public {
        address[3] memory bad = [address(0), address(vault), address(gms)];
        for (uint64 i = 0; i < 3; ++i) {
            SumTree.Leaf memory leaf = leafOf("lost", bad[i], 1 ether, 1 ether);
            propose(2 + i, leaf, bertLeaf(30 ether));
            vm.warp(block.timestamp + ACTIVATION);
            claimFails(
                abi.encodeWithSelector(ICommissionVault.BadRecipient.selector, bad[i]),
                leaf,
                proofOf(merchant, 2 + i, 0, bertLeaf(30 ether))
            );
        }
    }
}
