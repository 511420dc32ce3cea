// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {Base} from "./Base.sol";
import {CommissionVault} from "../src/CommissionVault.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";

contract GmsTest is Base {
    bytes32 internal constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    function receiveSigned(uint256 validAfter, uint256 validBefore) internal returns (uint8, bytes32, bytes32) {
        bytes32 hash = keccak256(abi.encode(RECEIVE, anna, bert, 1 ether, validAfter, validBefore, bytes32("n")));
        return vm.sign(annaKey, keccak256(abi.encodePacked("\x19\x01", gms.DOMAIN_SEPARATOR(), hash)));
    }

    function test_its_name_and_its_fixed_supply() public view {
        check(keccak256(bytes(gms.name())) == keccak256("Gemstra"), "name");
        check(keccak256(bytes(gms.symbol())) == keccak256("GMS"), "symbol");
        same(gms.decimals(), 18, "decimals");
        same(gms.totalSupply(), 1_000_000_000 ether, "supply");
    }

    function test_an_authorization_is_received_once_by_its_payee() public {
        gms.transfer(anna, 2 ether);
        (uint8 v, bytes32 r, bytes32 s) = receiveSigned(0, block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, bert));
        gms.receiveWithAuthorization(anna, bert, 1 ether, 0, block.timestamp + 1, "n", v, r, s);
        vm.prank(bert);
        gms.receiveWithAuthorization(anna, bert, 1 ether, 0, block.timestamp + 1, "n", v, r, s);
        same(gms.balanceOf(bert), 1 ether, "bert");
        check(gms.authorizationState(anna, "n"), "used");
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, anna, bytes32("n")));
        vm.prank(bert);
        gms.receiveWithAuthorization(anna, bert, 1 ether, 0, block.timestamp + 1, "n", v, r, s);
    }

    function test_an_authorization_has_its_time() public {
        (uint8 v, bytes32 r, bytes32 s) = receiveSigned(0, block.timestamp);
        vm.expectRevert(
            abi.encodeWithSelector(ERC3009.ERC3009InvalidAuthorizationTime.selector, 0, block.timestamp)
        );
        vm.prank(bert);
        gms.receiveWithAuthorization(anna, bert, 1 ether, 0, block.timestamp, "n", v, r, s);
    }

    function testFuzz_transfers_conserve(uint256 amount) public {
        vm.assume(amount <= gms.balanceOf(address(this)));
        gms.transfer(anna, amount);
        same(gms.balanceOf(anna) + gms.balanceOf(address(this)) + gms.balanceOf(stranger), gms.totalSupply(), "sum");
    }

    function test_a_vault_whose_withdrawals_outrun_its_roots_is_not_deployed() public {
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.DelayTooShort.selector, 5, 5));
        new CommissionVault(IERC20(address(gms)), 5, 5, 0, 0);
    }
}
