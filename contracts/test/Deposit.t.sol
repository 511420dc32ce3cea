// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";

contract DepositTest is Base {
    function test_deposit_adds_to_the_merchant_named() public {
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.Deposited(merchant, address(this), 5 ether);
        vault.deposit(merchant, 5 ether);
        vault.deposit(stranger, 2 ether);
        same(vault.reserveOf(merchant), 5 ether, "merchant");
        same(vault.reserveOf(stranger), 2 ether, "other merchant");
        same(gms.balanceOf(address(vault)), 7 ether, "balance");
    }

    function test_nothing_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.ZeroAmount.selector));
        vault.deposit(merchant, 0);
    }

    function test_the_zero_merchant_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.ZeroMerchant.selector));
        vault.deposit(address(0), 1);
    }

    function test_without_allowance_nothing_moves() public {
        vm.prank(bert);
        vm.expectRevert();
        vault.deposit(merchant, 1);
        same(vault.reserveOf(merchant), 0, "reserve");
    }

    function testFuzz_deposits_add_up(uint64 first, uint64 second) public {
        if (first == 0 || second == 0) return;
        vault.deposit(merchant, first);
        vault.deposit(merchant, second);
        same(vault.reserveOf(merchant), uint256(first) + second, "reserve");
    }
}
