// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract AnnounceWithdrawalTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 100 ether);
    }

    function test_it_tells_everyone_and_moves_nothing() public {
        uint64 readyAt = uint64(block.timestamp) + WITHDRAWAL;
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.WithdrawalAnnounced(merchant, 40 ether, readyAt, readyAt + 3 days);
        vm.prank(merchant);
        vault.announceWithdrawal(40 ether);
        same(vault.withdrawalOf(merchant).amount, 40 ether, "amount");
        same(vault.reserveOf(merchant), 100 ether, "reserve");
    }

    function test_more_than_is_free_is_refused() public {
        propose(1, annaLeaf(10 ether), leafOf("bert", bert, 0, 30 ether));
        vm.expectRevert(
            abi.encodeWithSelector(ICommissionVault.AmountAboveFree.selector, 60 ether + 1, 60 ether)
        );
        vm.prank(merchant);
        vault.announceWithdrawal(60 ether + 1);
    }

    function test_nothing_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.ZeroAmount.selector));
        vm.prank(merchant);
        vault.announceWithdrawal(0);
    }

    function test_a_newer_one_replaces_it_and_waits_anew() public {
        vm.startPrank(merchant);
        vault.announceWithdrawal(40 ether);
        vm.warp(block.timestamp + WITHDRAWAL);
        vault.announceWithdrawal(50 ether);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommissionVault.WithdrawalNotReady.selector, block.timestamp + WITHDRAWAL, block.timestamp
            )
        );
        vault.withdraw();
        vm.stopPrank();
    }

    function test_it_is_taken_back() public {
        vm.startPrank(merchant);
        vault.announceWithdrawal(40 ether);
        vault.cancelWithdrawal();
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NoWithdrawal.selector, merchant));
        vault.cancelWithdrawal();
        vm.stopPrank();
    }
}
