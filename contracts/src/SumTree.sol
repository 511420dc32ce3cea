// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle-sum tree of a merchant's commissions
/// @notice Each node carries the sums of what lies below it, and its hash commits to them, so a root binds the totals as
/// well as the leaves. The shape is fixed: leaves in order, each level padded on the right with the empty node
/// (0, 0, 0), so that every run of 2^k leaves at a multiple of 2^k is a subtree.
library SumTree {
    /// @notice What a merchant owes one member. Both amounts are cumulative since the first epoch, in GMS base units.
    /// @param memberId the member's id at this merchant
    /// @param recipient whom the tokens go to
    /// @param payableAmount all that ever became payable; never falls
    /// @param outstandingAmount payableAmount plus what is still held
    struct Leaf {
        bytes32 memberId;
        address recipient;
        uint256 payableAmount;
        uint256 outstandingAmount;
    }

    struct Node {
        bytes32 hash;
        uint256 payableSum;
        uint256 outstandingSum;
    }

    /// @notice Where a leaf stands under the root of one epoch.
    /// @param epoch whose root the siblings lead to
    /// @param index position of the leaf, from 0
    /// @param siblings from the leaf upwards
    struct Proof {
        uint64 epoch;
        uint256 index;
        Node[] siblings;
    }

    bytes32 internal constant DOMAIN_TAG = keccak256("gemstra/commission-tree/1/domain");
    bytes32 internal constant LEAF_TAG = keccak256("gemstra/commission-tree/1/leaf");
    bytes32 internal constant NODE_TAG = keccak256("gemstra/commission-tree/1/node");

    /// @notice Sums stay below 2^128, so that no addition on a path can overflow.
    uint256 internal constant MAX_AMOUNT = type(uint128).max;
    uint256 internal constant MAX_DEPTH = 32;

    function domain(address vault, address merchant) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TAG, block.chainid, vault, merchant));
    }

    /// @notice Whether the amounts are such as a tree may hold.
    function sound(Leaf calldata leaf) internal pure returns (bool) {
        return leaf.payableAmount <= leaf.outstandingAmount && leaf.outstandingAmount <= MAX_AMOUNT;
    }

    /// The four words of a leaf stand in calldata as they are hashed. Memory beyond the free pointer is scratch here: a push of
    /// 128 leaves would else pay for its growth.
    function toNode(bytes32 domain_, Leaf calldata leaf) internal pure returns (Node memory node) {
        bytes32 tag = LEAF_TAG;
        bytes32 hash;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, tag)
            mstore(add(at, 0x20), domain_)
            calldatacopy(add(at, 0x40), leaf, 0x80)
            hash := keccak256(at, 0xc0)
        }
        (node.hash, node.payableSum, node.outstandingSum) = (hash, leaf.payableAmount, leaf.outstandingAmount);
    }

    /// @notice Make `parent` the parent of `left` and `right`; it may be one of them, to spare memory.
    function join(bytes32 domain_, Node memory left, Node memory right, Node memory parent) internal pure {
        bytes32 tag = NODE_TAG;
        bytes32 hash;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, tag)
            mstore(add(at, 0x20), domain_)
            mcopy(add(at, 0x40), left, 0x60)
            mcopy(add(at, 0xa0), right, 0x60)
            hash := keccak256(at, 0x100)
        }
        // At most 128 leaves and 32 siblings, each below 2^128.
        unchecked {
            parent.payableSum = left.payableSum + right.payableSum;
            parent.outstandingSum = left.outstandingSum + right.outstandingSum;
        }
        parent.hash = hash;
    }

    /// @notice Climb from `node`, which stands at `index` of its level, to the root.
    /// @return sound_ false when a sibling breaks the bounds or `index` lies outside the tree; `node` is then of no use
    function climb(bytes32 domain_, Node memory node, uint256 index, Node[] calldata siblings)
        internal
        pure
        returns (bool sound_)
    {
        uint256 depth = siblings.length;
        if (depth > MAX_DEPTH || index >> depth != 0) return false;
        for (uint256 level = 0; level < depth; ++level) {
            Node memory sibling = siblings[level];
            if (sibling.payableSum > sibling.outstandingSum || sibling.outstandingSum > MAX_AMOUNT) return false;
            if ((index >> level) & 1 == 0) join(domain_, node, sibling, node);
            else join(domain_, sibling, node, node);
        }
        return true;
    }

    /// @notice The node above `leaves`, padded with empty nodes to a power of two.
    /// @return node that node
    /// @return sound_ false when a leaf breaks the bounds
    /// @dev Flat, in scratch memory: one buffer to hash from, then the row, halved in place level by level.
    function fold(bytes32 domain_, Leaf[] calldata leaves) internal pure returns (Node memory node, bool sound_) {
        bytes32 leafTag = LEAF_TAG;
        bytes32 nodeTag = NODE_TAG;
        assembly ("memory-safe") {
            let width := leaves.length
            let buffer := mload(0x40)
            let row := add(buffer, 0x100)
            sound_ := 1
            mstore(buffer, leafTag)
            mstore(add(buffer, 0x20), domain_)
            for { let i := 0 } lt(i, width) { i := add(i, 1) } {
                calldatacopy(add(buffer, 0x40), add(leaves.offset, mul(i, 0x80)), 0x80)
                let due := mload(add(buffer, 0x80))
                let all := mload(add(buffer, 0xa0))
                if or(gt(due, all), shr(128, all)) {
                    sound_ := 0
                    break
                }
                let to := add(row, mul(i, 0x60))
                mstore(to, keccak256(buffer, 0xc0))
                mstore(add(to, 0x20), due)
                mstore(add(to, 0x40), all)
            }
            mstore(buffer, nodeTag)
            for {} and(gt(width, 1), sound_) {} {
                if and(width, 1) {
                    let padding := add(row, mul(width, 0x60))
                    mstore(padding, 0)
                    mstore(add(padding, 0x20), 0)
                    mstore(add(padding, 0x40), 0)
                }
                width := shr(1, add(width, 1))
                for { let i := 0 } lt(i, width) { i := add(i, 1) } {
                    let from := add(row, mul(i, 0xc0))
                    mcopy(add(buffer, 0x40), from, 0xc0)
                    let due := add(mload(add(from, 0x20)), mload(add(from, 0x80)))
                    let all := add(mload(add(from, 0x40)), mload(add(from, 0xa0)))
                    let to := add(row, mul(i, 0x60))
                    mstore(to, keccak256(buffer, 0x100))
                    mstore(add(to, 0x20), due)
                    mstore(add(to, 0x40), all)
                }
            }
            mcopy(node, row, 0x60)
        }
    }
}
