// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Anchors of catalogs
/// @notice Writes the head of a signed log on the chain, so that whoever signed it can't deny it later nor show another
/// one of that size. Nothing is stored and nobody is asked for permission: a reader takes the anchors of the address
/// that the log's owner named under its own signature, and no others.
contract CatalogAnchors {
    /// @param log the log's id: for a catalog, the feed's
    /// @param by who anchored it
    /// @param size entries under the root
    /// @param root RFC 6962 root over the first `size` entries
    /// @param state digest of the state they lead to
    event Anchored(bytes32 indexed log, address indexed by, uint64 size, bytes32 root, bytes32 state);

    /// @notice An empty log proves nothing.
    error NothingToAnchor();

    /// @notice Anchor the head of a log in the sender's name.
    function anchor(bytes32 log, uint64 size, bytes32 root, bytes32 state) external {
        if (size == 0) revert NothingToAnchor();
        emit Anchored(log, msg.sender, size, root, state);
    }
}
