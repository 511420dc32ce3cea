// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {ICommissionVault} from "../src/interfaces/ICommissionVault.sol";
import {SumTree} from "../src/SumTree.sol";

contract ClaimSubtreeTest is Base {
    function setUp() public override {
        super.setUp();
        vault.deposit(merchant, 1000 ether);
    }

    /// A whole tree of 128 leaves is its own subtree, with no siblings.
    function test_128_payees_in_one_push() public {
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[](128);
        SumTree.Node[] memory row = new SumTree.Node[](128);
        for (uint256 i = 0; i < 128; ++i) {
            address to = address(uint160(0x1000 + i));
            leaves[i] = leafOf(bytes32(i + 1), to, 1 ether + i, 2 ether);
            row[i] = nodeOf(merchant, leaves[i]);
        }
        for (uint256 width = 64; width > 0; width /= 2) {
            for (uint256 i = 0; i < width; ++i) {
                SumTree.Node memory left = row[2 * i];
                SumTree.Node memory right = row[2 * i + 1];
                row[i] = SumTree.Node(
                    vault.hashNode(merchant, left, right),
                    left.payableSum + right.payableSum,
                    left.outstandingSum + right.outstandingSum
                );
            }
        }
        vm.prank(merchant);
        vault.propose(1, row[0].hash, row[0].payableSum, row[0].outstandingSum, "statement");
        vm.warp(block.timestamp + ACTIVATION);
        SumTree.Proof memory proof = SumTree.Proof(1, 0, new SumTree.Node[](0));
        same(vault.claimSubtree(merchant, leaves, proof, 1 ether + 28), 100, "paid");
        same(gms.balanceOf(address(uint160(0x1000 + 27))), 0, "below the minimum");
        same(gms.balanceOf(address(uint160(0x1000 + 28))), 1 ether + 28, "at the minimum");
        same(vault.claimSubtree(merchant, leaves, proof, 0), 28, "the rest later");
        same(vault.claimedTotalOf(merchant), row[0].payableSum, "all");
    }

    function test_changed_or_missing_leaves_are_refused() public {
        proposeAndWait(1, 10 ether, 20 ether);
        SumTree.Leaf[] memory leaves = new SumTree.Leaf[](2);
        (leaves[0], leaves[1]) = (annaLeaf(10 ether), bertLeaf(21 ether));
        SumTree.Proof memory proof = SumTree.Proof(1, 0, new SumTree.Node[](0));
        vm.expectRevert();
        vault.claimSubtree(merchant, leaves, proof, 0);
        leaves[1] = leafOf("bert", bert, 20 ether, 19 ether);
        vm.expectRevert();
        vault.claimSubtree(merchant, leaves, proof, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.BatchSize.selector, 0, 128));
        vault.claimSubtree(merchant, new SumTree.Leaf[](0), proof, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommissionVault.BatchSize.selector, 129, 128));
        vault.claimSubtree(merchant, new SumTree.Leaf[](129), proof, 0);
        leaves[1] = bertLeaf(20 ether);
        same(vault.claimSubtree(merchant, leaves, proof, 0), 2, "as proposed");
    }
}
