// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract WithdrawTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 100 ether);
        vm.prank(merchant);
        vault.announceWithdrawal(100 ether);
    }

    function fails(bytes memory why) internal {
        vm.expectRevert(why);
        vm.prank(merchant);
        vault.withdraw();
    }

    function test_after_the_delay_it_goes_to_the_merchant() public {
        vm.warp(block.timestamp + WITHDRAWAL);
        vm.prank(merchant);
        vault.withdraw();
        same(gms.balanceOf(merchant), 100 ether, "merchant");
        same(vault.reserveOf(merchant), 0, "reserve");
        fails(abi.encodeWithSelector(ICommissionVault.NoWithdrawal.selector, merchant));
    }

    function test_not_before_and_not_long_after() public {
        uint256 readyAt = block.timestamp + WITHDRAWAL;
        vm.warp(readyAt - 1);
        fails(abi.encodeWithSelector(ICommissionVault.WithdrawalNotReady.selector, readyAt, readyAt - 1));
        vm.warp(readyAt + 3 days);
        fails(
            abi.encodeWithSelector(ICommissionVault.WithdrawalExpired.selector, readyAt + 3 days, readyAt + 3 days)
        );
    }

    function test_debts_that_came_since_are_kept_back() public {
        vm.warp(block.timestamp + WITHDRAWAL);
        propose(1, annaLeaf(10 ether), leafOf("bert", bert, 0, 15 ether));
        fails(abi.encodeWithSelector(ICommissionVault.AmountAboveFree.selector, 100 ether, 75 ether));
        vm.warp(block.timestamp + ACTIVATION);
        fails(abi.encodeWithSelector(ICommissionVault.AmountAboveFree.selector, 100 ether, 75 ether));
    }

    function test_what_was_claimed_is_no_longer_owed_and_no_longer_there() public {
        proposeAndWait(1, 10 ether, 15 ether);
        claimAnna(1, 10 ether, 15 ether);
        same(vault.freeOf(merchant), 75 ether, "free");
    }

    function test_nobody_withdraws_anothers_reserve() public {
        vm.warp(block.timestamp + WITHDRAWAL);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NoWithdrawal.selector, stranger));
        vm.prank(stranger);
        vault.withdraw();
    }
}
