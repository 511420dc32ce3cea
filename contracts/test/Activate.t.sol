// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract ActivateTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 100 ether);
    }

    function test_anyone_activates_what_is_due() public {
        proposeAndWait(1, 1 ether, 2 ether);
        vm.expectEmit(true, true, false, true);
        emit ICommissionVault.RootActivated(merchant, 1);
        vm.prank(stranger);
        vault.activate(merchant);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NothingPending.selector, merchant, 1));
        vault.activate(merchant);
    }

    function test_not_before_its_time() public {
        propose(1, annaLeaf(1 ether), bertLeaf(2 ether));
        uint256 activeAt = block.timestamp + ACTIVATION;
        vm.warp(activeAt - 1);
        vm.expectRevert(
            abi.encodeWithSelector(ICommissionVault.RootPending.selector, 1, activeAt, activeAt - 1)
        );
        vault.activate(merchant);
    }

    function test_a_merchant_unheard_of() public {
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NothingPending.selector, stranger, 0));
        vault.activate(stranger);
    }

    /// No verb can bring this about, so the reserve is lowered from outside: the second check must hold by itself.
    function test_a_root_whose_cover_has_gone_stays_pending() public {
        proposeAndWait(1, 60 ether, 40 ether);
        bytes32 slot = keccak256(abi.encode(merchant, uint256(2)));
        same(uint256(vm.load(address(vault), slot)), 100 ether, "slot of the account");
        vm.store(address(vault), slot, bytes32(uint256(99 ether)));
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.ReserveShort.selector, 100 ether, 99 ether));
        vault.activate(merchant);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.NoActiveRoot.selector, merchant));
        this.claimFromOutside(60 ether, 40 ether);
        vault.deposit(merchant, 1 ether);
        vault.activate(merchant);
    }

    function claimFromOutside(uint256 due, uint256 bertDue) external {
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(bertDue));
        vault.claim(merchant, annaLeaf(due), proof);
    }
}
