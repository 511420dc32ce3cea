// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Base} from "./Base.sol";
import {CommissionVault} from "../src/CommissionVault.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

/// Calls back into the vault while it pays.
contract ReentrantToken is ERC20("Reentrant", "RE") {
    address public target;
    bytes public payload;
    bytes public answer;

    constructor() {
        _mint(msg.sender, 1000 ether);
    }

    function arm(address target_, bytes calldata payload_) external {
        (target, payload) = (target_, payload_);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target != address(0) && from == target) (, answer) = target.call(payload);
    }
}

/// Keeps a tenth of each transfer.
contract FeeToken is ERC20("Fee", "FEE") {
    constructor() {
        _mint(msg.sender, 1000 ether);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0)) super._update(to, address(0xfee), value / 10);
    }
}

/// Answers false, or reverts, when the payee is on its list.
contract RefusingToken is ERC20("Refusing", "NO") {
    address public refused;
    bool public loudly;

    constructor() {
        _mint(msg.sender, 1000 ether);
    }

    function refuse(address payee, bool loudly_) external {
        (refused, loudly) = (payee, loudly_);
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        if (to != refused) return super.transfer(to, value);
        require(!loudly, "refused");
        return false;
    }
}

contract HostileTest is Base {
    function vaultOf(ERC20 token) internal {
        vault = new CommissionVault(IERC20(address(token)), ACTIVATION, WITHDRAWAL, RECIPIENT, BOND);
        token.approve(address(vault), type(uint256).max);
        vault.deposit(merchant, 100 ether);
    }

    function test_a_token_that_calls_back_gains_nothing() public {
        ReentrantToken token = new ReentrantToken();
        vaultOf(token);
        proposeAndWait(1, 10 ether, 20 ether);
        SumTree.Proof memory proof = proofOf(merchant, 1, 0, bertLeaf(20 ether));
        token.arm(address(vault), abi.encodeCall(vault.claim, (merchant, annaLeaf(10 ether), proof)));
        vault.claim(merchant, annaLeaf(10 ether), proof);
        check(bytes4(token.answer()) == ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "turned away");
        same(token.balanceOf(anna), 10 ether, "anna is paid once");
        same(vault.reserveOf(merchant), 90 ether, "reserve");
    }

    function test_what_arrives_counts() public {
        FeeToken token = new FeeToken();
        vaultOf(token);
        same(vault.reserveOf(merchant), 90 ether, "reserve");
        same(token.balanceOf(address(vault)), 90 ether, "balance");
    }

    function refused(bool loudly) internal {
        RefusingToken token = new RefusingToken();
        vaultOf(token);
        token.refuse(anna, loudly);
        proposeAndWait(1, 10 ether, 20 ether);
        ICommissionVault.Claim[] memory batch = new ICommissionVault.Claim[](2);
        batch[0] = ICommissionVault.Claim(merchant, annaLeaf(10 ether), proofOf(merchant, 1, 0, bertLeaf(20 ether)));
        batch[1] = ICommissionVault.Claim(merchant, bertLeaf(20 ether), proofOf(merchant, 1, 1, annaLeaf(10 ether)));
        same(vault.claimMany(batch), 1, "one of two");
        same(token.balanceOf(bert), 20 ether, "bert");
        same(vault.reserveOf(merchant), 80 ether, "reserve");
        same(vault.claimedTotalOf(merchant), 20 ether, "claimed in all");
        same(vault.claimedOf(merchant, "anna"), 0, "claimed by anna");
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.TransferFailed.selector, anna, 10 ether));
        vault.claim(merchant, batch[0].leaf, batch[0].proof);
        token.refuse(address(0), false);
        same(vault.claim(merchant, batch[0].leaf, batch[0].proof), 10 ether, "paid when it may be");
    }

    function test_a_transfer_that_answers_false_is_put_back() public {
        refused(false);
    }

    function test_a_transfer_that_reverts_is_put_back() public {
        refused(true);
    }
}
