// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract ProposeTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 100 ether);
    }

    function raw(uint64 epoch, bytes32 root, uint256 due, uint256 all) internal {
        vm.prank(merchant);
        vault.propose(epoch, root, due, all, "statement");
    }

    function test_a_root_waits_for_its_delay() public {
        uint64 activeAt = uint64(block.timestamp) + ACTIVATION;
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.RootProposed(merchant, 1, "root", 10 ether, 12 ether, "statement", activeAt);
        raw(1, "root", 10 ether, 12 ether);
        ICommissionVault.Root memory pending = vault.pendingRoot(merchant);
        same(pending.epoch, 1, "pending epoch");
        same(pending.activeAt, activeAt, "active at");
        same(vault.activeRoot(merchant).epoch, 0, "nothing active");
        vm.warp(activeAt - 1);
        same(vault.activeRoot(merchant).epoch, 0, "a second early");
        vm.warp(activeAt);
        same(vault.activeRoot(merchant).epoch, 1, "due");
        same(vault.pendingRoot(merchant).epoch, 0, "no longer pending");
    }

    function test_epochs_strictly_increase() public {
        raw(5, "root", 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.EpochNotAfter.selector, 5, 5));
        raw(5, "other", 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.EpochNotAfter.selector, 4, 5));
        raw(4, "other", 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.EpochNotAfter.selector, 0, 5));
        raw(0, "other", 1, 1);
    }

    function test_a_newer_root_replaces_the_pending_one_and_waits_anew() public {
        raw(1, "root", 10, 10);
        vm.warp(block.timestamp + ACTIVATION - 1);
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.RootReplaced(merchant, 1);
        raw(2, "mended", 9, 9);
        vm.warp(block.timestamp + 1);
        same(vault.activeRoot(merchant).epoch, 0, "the first never becomes active");
        vm.warp(block.timestamp + ACTIVATION);
        same(vault.activeRoot(merchant).epoch, 2, "the second does");
    }

    function test_a_due_root_becomes_active_before_the_next_is_taken() public {
        raw(1, "root", 10, 10);
        vm.warp(block.timestamp + ACTIVATION);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.PayableFell.selector, 10, 9));
        raw(2, "less", 9, 10);
        raw(2, "equal", 10, 10);
        same(vault.activeRoot(merchant).epoch, 1, "the first is active");
    }

    function test_totals_are_bounded() public {
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.ZeroRoot.selector));
        raw(1, 0, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.OutstandingBelowPayable.selector, 9, 10));
        raw(1, "root", 10, 9);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.ReserveShort.selector, 100 ether + 1, 100 ether));
        raw(1, "root", 100 ether + 1, 100 ether + 1);
        uint256 most = type(uint128).max;
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.AmountTooLarge.selector, most + 1, most));
        raw(1, "root", 1, most + 1);
        raw(1, "root", 100 ether, most);
    }

    function test_one_merchants_reserve_covers_no_other() public {
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.ReserveShort.selector, 1, 0));
        vm.prank(stranger);
        vault.propose(1, "root", 1, 1, "statement");
    }
}
