// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract DisputeTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 100 ether);
    }

    function object(address who, uint64 epoch, uint256 due, uint256 bertDue) internal {
        SumTree.Proof memory proof = proofOf(merchant, epoch, 0, bertLeaf(bertDue));
        vm.prank(who);
        vault.dispute(merchant, annaLeaf(due), proof, "too little");
    }

    function test_the_recipient_objects_for_free() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        vm.expectEmit(true, true, true, true);
        emit ICommissionVault.LeafDisputed(merchant, 1, "anna", anna, 0, "too little");
        this.objectFromOutside(anna, 1, 10 ether, 20 ether);
        same(vault.pendingRoot(merchant).disputes, 1, "disputes");
        same(vault.disputedEpochOf(merchant, "anna"), 1, "epoch");
        same(vault.bondOf(merchant, 1, "anna").amount, 0, "bond");
    }

    function objectFromOutside(address who, uint64 epoch, uint256 due, uint256 bertDue) external {
        object(who, epoch, due, bertDue);
    }

    function test_a_stranger_puts_down_a_bond() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        object(stranger, 1, 10 ether, 20 ether);
        same(gms.balanceOf(stranger), 900 ether, "stranger");
        same(vault.bondOf(merchant, 1, "anna").amount, BOND, "bond");
        same(vault.reserveOf(merchant), 100 ether, "the reserve is untouched");
    }

    function test_only_the_leaf_named_is_held_back() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        object(anna, 1, 10 ether, 20 ether);
        vm.warp(block.timestamp + ACTIVATION);
        SumTree.Proof memory proof = proofOf(merchant, 1, 1, annaLeaf(10 ether));
        same(vault.claim(merchant, bertLeaf(20 ether), proof), 20 ether, "bert");
        proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommissionVault.DisputedLeaf.selector, bytes32("anna"), 1, block.timestamp + WITHDRAWAL
            )
        );
        vault.claim(merchant, annaLeaf(10 ether), proof);
    }

    function test_the_next_epochs_root_clears_it() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        object(anna, 1, 10 ether, 20 ether);
        proposeAndWait(2, 12 ether, 20 ether);
        same(claimAnna(2, 12 ether, 20 ether), 12 ether, "all of it");
    }

    function test_a_silent_merchant_and_a_spiteful_stranger_lock_nobody_out_for_good() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        object(stranger, 1, 10 ether, 20 ether);
        vm.warp(block.timestamp + ACTIVATION + WITHDRAWAL);
        same(claimAnna(1, 10 ether, 20 ether), 10 ether, "paid at last");
    }

    function test_twice_is_refused() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        object(anna, 1, 10 ether, 20 ether);
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        vm.expectRevert(
            abi.encodeWithSelector(ICommissionVault.AlreadyDisputed.selector, bytes32("anna"), 1)
        );
        vm.prank(stranger);
        vault.dispute(merchant, annaLeaf(10 ether), proof, "");
    }

    function test_only_while_the_root_is_pending() public {
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NothingPending.selector, merchant, 0));
        vault.dispute(merchant, annaLeaf(10 ether), proof, "");
        proposeAndWait(1, 10 ether, 20 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommissionVault.DisputeClosed.selector, 1, block.timestamp, block.timestamp
            )
        );
        vault.dispute(merchant, annaLeaf(10 ether), proof, "");
    }

    function test_the_leaf_must_be_in_the_pending_root() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        vm.expectRevert();
        vault.dispute(merchant, annaLeaf(11 ether), proof, "");
        proof.epoch = 2;
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.StaleRoot.selector, 2, 1));
        vault.dispute(merchant, annaLeaf(10 ether), proof, "");
    }

    function test_a_bond_goes_to_the_payee_the_merchant_stands_by() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        object(stranger, 1, 10 ether, 20 ether);
        proposeAndWait(2, 10 ether, 20 ether);
        SumTree.Proof memory proof = proofOf(merchant, 2, 0, bertLeaf(20 ether));
        vault.forfeitBond(merchant, 1, annaLeaf(10 ether), proof);
        same(gms.balanceOf(anna), BOND, "anna");
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NoBond.selector, bytes32("anna"), 1));
        vault.forfeitBond(merchant, 1, annaLeaf(10 ether), proof);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NoBond.selector, bytes32("anna"), 1));
        vault.reclaimBond(merchant, 1, "anna");
    }

    function test_a_bond_returns_when_the_merchant_gave_in() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        object(stranger, 1, 10 ether, 20 ether);
        uint256 activeAt = block.timestamp + ACTIVATION;
        proposeAndWait(2, 9 ether, 20 ether);
        SumTree.Proof memory proof = proofOf(merchant, 2, 0, bertLeaf(20 ether));
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.BondNotUpheld.selector, 1, 2));
        vault.forfeitBond(merchant, 1, annaLeaf(9 ether), proof);
        vm.expectRevert(
            abi.encodeWithSelector(ICommissionVault.BondLocked.selector, activeAt + WITHDRAWAL, block.timestamp)
        );
        vault.reclaimBond(merchant, 1, "anna");
        vm.warp(activeAt + WITHDRAWAL);
        vault.reclaimBond(merchant, 1, "anna");
        same(gms.balanceOf(stranger), 1000 ether, "stranger");
    }

    function test_the_disputed_root_itself_upholds_nothing() public {
        propose(1, annaLeaf(10 ether), bertLeaf(20 ether));
        object(stranger, 1, 10 ether, 20 ether);
        vm.warp(block.timestamp + ACTIVATION);
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.BondNotUpheld.selector, 1, 1));
        vault.forfeitBond(merchant, 1, annaLeaf(10 ether), proof);
    }
}
