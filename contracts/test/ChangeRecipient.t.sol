// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract ChangeRecipientTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 100 ether);
        proposeAndWait(1, 10 ether, 20 ether);
    }

    function signedChange(uint256 key, address from, address to, uint256 nonce, uint256 deadline)
        internal
        returns (bytes memory)
    {
        return signed(key, vault.changeRecipientDigest(merchant, "anna", from, to, nonce, deadline));
    }

    function change(uint256 key, address to) internal {
        address from = vm.addr(key);
        uint256 nonce = vault.recipientNonce(merchant, "anna", from);
        bytes memory signature = signedChange(key, from, to, nonce, block.timestamp);
        vault.changeRecipient(merchant, "anna", from, to, block.timestamp, signature);
    }

    function test_it_takes_effect_after_the_delay() public {
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.RecipientChanged(
            merchant, "anna", anna, stranger, uint64(block.timestamp) + RECIPIENT
        );
        this.changeFromOutside(annaKey, stranger);
        vm.warp(block.timestamp + RECIPIENT - 1);
        check(vault.recipientOf(merchant, "anna", anna) == anna, "a second early");
        vm.warp(block.timestamp + 1);
        check(vault.recipientOf(merchant, "anna", anna) == stranger, "effective");
        check(vault.recipientOf(merchant, "bert", anna) == anna, "another member");
        check(vault.recipientOf(stranger, "anna", anna) == anna, "another merchant");
        claimAnna(1, 10 ether, 20 ether);
        same(gms.balanceOf(stranger), 1010 ether, "paid to the new recipient");
    }

    function changeFromOutside(uint256 key, address to) external {
        change(key, to);
    }

    function test_only_the_old_recipient_may_sign() public {
        bytes memory signature = signedChange(bertKey, anna, bert, 0, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.BadSignature.selector, anna));
        vault.changeRecipient(merchant, "anna", anna, bert, block.timestamp, signature);
    }

    function test_a_late_signature_is_refused() public {
        bytes memory signature = signedChange(annaKey, anna, bert, 0, block.timestamp - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommissionVault.SignatureExpired.selector, block.timestamp - 1, block.timestamp
            )
        );
        vault.changeRecipient(merchant, "anna", anna, bert, block.timestamp - 1, signature);
    }

    function test_a_cancelled_change_cannot_be_replayed() public {
        bytes memory signature = signedChange(annaKey, anna, bert, 0, block.timestamp);
        vault.changeRecipient(merchant, "anna", anna, bert, block.timestamp, signature);
        vm.prank(anna);
        vault.cancelRecipientChange(merchant, "anna");
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.BadSignature.selector, anna));
        vault.changeRecipient(merchant, "anna", anna, bert, block.timestamp, signature);
        vm.prank(anna);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NoRecipientChange.selector, anna));
        vault.cancelRecipientChange(merchant, "anna");
        change(annaKey, stranger);
    }

    function test_what_took_effect_is_the_new_recipients_to_change() public {
        change(annaKey, bert);
        uint64 effectiveAt = uint64(block.timestamp) + RECIPIENT;
        vm.warp(effectiveAt);
        bytes memory taken =
            abi.encodeWithSelector(ICommissionVault.RecipientAlreadyChanged.selector, anna, bert, effectiveAt);
        vm.prank(anna);
        vm.expectRevert(taken);
        vault.cancelRecipientChange(merchant, "anna");
        bytes memory signature = signedChange(annaKey, anna, stranger, 1, block.timestamp);
        vm.expectRevert(taken);
        vault.changeRecipient(merchant, "anna", anna, stranger, block.timestamp, signature);
        signature = signedChange(bertKey, bert, anna, 0, block.timestamp);
        vm.expectRevert(taken);
        vault.changeRecipient(merchant, "anna", bert, anna, block.timestamp, signature);
        change(bertKey, stranger);
        vm.warp(block.timestamp + RECIPIENT);
        check(vault.recipientOf(merchant, "anna", anna) == stranger, "followed twice");
    }

    function test_a_chain_of_changes_is_bounded() public {
        change(annaKey, vm.addr(1));
        for (uint256 key = 1; key <= 4; ++key) {
            change(key, vm.addr(key + 1));
        }
        vm.warp(block.timestamp + RECIPIENT);
        check(vault.recipientOf(merchant, "anna", vm.addr(1)) == vm.addr(5), "four changes are followed");
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        vm.expectRevert(
            abi.encodeWithSelector(ICommissionVault.TooManyRecipientChanges.selector, bytes32("anna"), 4)
        );
        vault.claim(merchant, annaLeaf(10 ether), proof);
    }

    function test_recipients_that_would_lose_the_tokens_are_refused() public {
        address[4] memory bad = [address(0), address(vault), address(gms), anna];
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ICommissionVault.BadRecipient.selector, bad[i]));
            vault.changeRecipient(merchant, "anna", anna, bad[i], block.timestamp, "");
        }
    }
}
