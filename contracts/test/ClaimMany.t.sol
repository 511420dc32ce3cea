// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract ClaimManyTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 100 ether);
    }

    function claims() internal view returns (ICommissionVault.Claim[] memory made) {
        made = new ICommissionVault.Claim[](2);
        made[0] = ICommissionVault.Claim(merchant, annaLeaf(10 ether), proofOf(merchant, 1, 0, bertLeaf(20 ether)));
        made[1] = ICommissionVault.Claim(merchant, bertLeaf(20 ether), proofOf(merchant, 1, 1, annaLeaf(10 ether)));
    }

    function skips(ICommissionVault.Claim[] memory batch, bytes4 reason, uint256 paid) internal {
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.ClaimSkipped(merchant, "anna", reason);
        vm.prank(stranger);
        same(vault.claimMany(batch), paid, "paid");
    }

    function test_all_are_paid_by_a_stranger() public {
        proposeAndWait(1, 10 ether, 20 ether);
        ICommissionVault.Claim[] memory batch = claims();
        vm.prank(stranger);
        same(vault.claimMany(batch), 2, "paid");
        same(gms.balanceOf(anna), 10 ether, "anna");
        same(gms.balanceOf(bert), 20 ether, "bert");
    }

    function test_a_bad_recipient_is_skipped_and_the_others_paid() public {
        SumTree.Leaf memory bad = leafOf("anna", address(0), 10 ether, 10 ether);
        propose(1, bad, bertLeaf(20 ether));
        vm.warp(block.timestamp + ACTIVATION);
        ICommissionVault.Claim[] memory batch = claims();
        batch[0].leaf = bad;
        batch[1].proof = proofOf(merchant, 1, 1, bad);
        skips(batch, ICommissionVault.BadRecipient.selector, 1);
        same(gms.balanceOf(bert), 20 ether, "bert");
        same(vault.claimedOf(merchant, "anna"), 0, "nothing is marked as claimed");
    }

    function test_reasons_of_the_root() public {
        ICommissionVault.Claim[] memory batch = claims();
        skips(batch, ICommissionVault.NoActiveRoot.selector, 0);
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        skips(batch, ICommissionVault.NoActiveRoot.selector, 0);
        vm.warp(block.timestamp + ACTIVATION);
        batch[0].proof.epoch = 2;
        skips(batch, ICommissionVault.RootPending.selector, 1);
        batch[0].proof.epoch = 0;
        skips(batch, ICommissionVault.StaleRoot.selector, 0);
        batch[0].proof.epoch = 1;
        batch[0].proof.index = 2;
        skips(batch, ICommissionVault.BadProof.selector, 0);
    }

    function test_the_same_claim_twice_in_a_batch_pays_once() public {
        proposeAndWait(1, 10 ether, 20 ether);
        ICommissionVault.Claim[] memory batch = claims();
        batch[1] = batch[0];
        skips(batch, ICommissionVault.NothingToClaim.selector, 1);
        same(gms.balanceOf(anna), 10 ether, "anna");
    }

    function test_a_proof_that_would_overflow_is_skipped() public {
        proposeAndWait(1, 10 ether, 20 ether);
        ICommissionVault.Claim[] memory batch = claims();
        batch[0].proof.siblings[0].payableSum = type(uint256).max;
        batch[0].proof.siblings[0].outstandingSum = type(uint256).max;
        skips(batch, ICommissionVault.BadProof.selector, 1);
    }

    function test_the_batch_is_bounded() public {
        ICommissionVault.Claim[] memory batch = new ICommissionVault.Claim[](129);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.BatchSize.selector, 129, 128));
        vault.claimMany(batch);
    }
}
