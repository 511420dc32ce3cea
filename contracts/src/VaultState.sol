// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ICommissionVault} from "./interfaces/ICommissionVault.sol";
import {SumTree} from "./SumTree.sol";

/// @title What the vault of commissions knows, and all that can be asked of it
/// @notice Storage, parameters and views; what changes them is in CommissionVault.
abstract contract VaultState is ICommissionVault, EIP712 {
    struct Account {
        uint128 reserve;
        uint128 claimedTotal;
    }

    /// One slot, so that a claim reads and writes it once.
    struct Member {
        uint128 claimed;
        uint64 disputedEpoch;
        bool redirected;
    }

    struct Redirect {
        address to;
        uint64 effectiveAt;
        uint32 nonce;
    }

    uint256 public constant MAX_BATCH = 128;
    uint256 public constant MAX_RECIPIENT_CHANGES = 4;
    /// @notice An announced withdrawal that is not made lapses, or the delay could be sat out once and for all.
    uint64 public constant WITHDRAWAL_WINDOW = 3 days;

    bytes32 internal constant CHANGE_RECIPIENT_TYPEHASH = keccak256(
        "ChangeRecipient(address merchant,bytes32 memberId,address oldRecipient,address newRecipient,uint256 nonce,uint256 deadline)"
    );
    bytes32 internal constant ACCRUAL_FACT_TYPEHASH = keccak256(
        "AccrualFact(address merchant,bytes32 memberId,bytes32 orderCommitment,bytes32 planHash,address payee,uint8 level,uint256 amount,uint256 base,bytes3 currency,uint64 returnWindow,uint64 accruedAt)"
    );

    IERC20 public immutable TOKEN;
    uint64 public immutable ACTIVATION_DELAY;
    uint64 public immutable WITHDRAWAL_DELAY;
    uint64 public immutable RECIPIENT_DELAY;
    uint128 public immutable DISPUTE_BOND;

    mapping(address merchant => Account) internal _accounts;
    mapping(address merchant => Root) internal _active;
    /// Kept after activation (its epoch then equals the active one), so that the next proposal rewrites warm words.
    mapping(address merchant => Root) internal _pending;
    mapping(address merchant => mapping(bytes32 memberId => Member)) internal _members;
    mapping(address merchant => mapping(bytes32 memberId => mapping(address old => Redirect))) internal _redirects;
    mapping(address merchant => mapping(uint64 epoch => mapping(bytes32 memberId => Bond))) internal _bonds;
    mapping(address merchant => Withdrawal) internal _withdrawals;

    /// @param token GMS
    /// @param activationDelay from proposal to claim: the time to dispute, seconds
    /// @param withdrawalDelay from announcement to withdrawal: longer than longest hold + epoch + activation delay
    /// @param recipientDelay from a signed change of recipient to its effect
    /// @param disputeBond what a disputer who is not the leaf's recipient puts down, GMS base units
    constructor(
        IERC20 token,
        uint64 activationDelay,
        uint64 withdrawalDelay,
        uint64 recipientDelay,
        uint128 disputeBond
    ) EIP712("GMS CommissionVault", "1") {
        if (withdrawalDelay <= activationDelay) revert DelayTooShort(withdrawalDelay, activationDelay);
        TOKEN = token;
        ACTIVATION_DELAY = activationDelay;
        WITHDRAWAL_DELAY = withdrawalDelay;
        RECIPIENT_DELAY = recipientDelay;
        DISPUTE_BOND = disputeBond;
    }

    // ---- views ----

    /// @inheritdoc ICommissionVault
    function reserveOf(address merchant) external view returns (uint256) {
        return _accounts[merchant].reserve;
    }

    /// @inheritdoc ICommissionVault
    function claimedTotalOf(address merchant) external view returns (uint256) {
        return _accounts[merchant].claimedTotal;
    }

    /// @inheritdoc ICommissionVault
    function claimedOf(address merchant, bytes32 memberId) external view returns (uint256) {
        return _members[merchant][memberId].claimed;
    }

    /// @inheritdoc ICommissionVault
    function freeOf(address merchant) public view returns (uint256) {
        uint256 bound = _active[merchant].outstandingTotal;
        Root storage pending = _pending[merchant];
        if (pending.outstandingTotal > bound && pending.epoch > _active[merchant].epoch) {
            bound = pending.outstandingTotal;
        }
        uint256 covered = _covered(merchant);
        uint256 free = covered > bound ? covered - bound : 0;
        uint256 reserve = _accounts[merchant].reserve;
        return free < reserve ? free : reserve;
    }

    /// @inheritdoc ICommissionVault
    function activeRoot(address merchant) external view returns (Root memory) {
        return _isDue(merchant) ? _pending[merchant] : _active[merchant];
    }

    /// @inheritdoc ICommissionVault
    function pendingRoot(address merchant) external view returns (Root memory root) {
        if (_pending[merchant].epoch > _active[merchant].epoch && !_isDue(merchant)) root = _pending[merchant];
    }

    /// @inheritdoc ICommissionVault
    function withdrawalOf(address merchant) external view returns (Withdrawal memory) {
        return _withdrawals[merchant];
    }

    /// @inheritdoc ICommissionVault
    function bondOf(address merchant, uint64 epoch, bytes32 memberId) external view returns (Bond memory) {
        return _bonds[merchant][epoch][memberId];
    }

    /// @inheritdoc ICommissionVault
    function disputedEpochOf(address merchant, bytes32 memberId) external view returns (uint64) {
        return _members[merchant][memberId].disputedEpoch;
    }

    /// @inheritdoc ICommissionVault
    function recipientOf(address merchant, bytes32 memberId, address recipient) public view returns (address to) {
        bool ended;
        (to, ended) = _follow(merchant, memberId, recipient);
        if (!ended) revert TooManyRecipientChanges(memberId, MAX_RECIPIENT_CHANGES);
    }

    /// @inheritdoc ICommissionVault
    function recipientNonce(address merchant, bytes32 memberId, address oldRecipient) external view returns (uint256) {
        return _redirects[merchant][memberId][oldRecipient].nonce;
    }

    /// @inheritdoc ICommissionVault
    function treeDomain(address merchant) external view returns (bytes32) {
        return SumTree.domain(address(this), merchant);
    }

    /// @inheritdoc ICommissionVault
    function hashLeaf(address merchant, SumTree.Leaf calldata leaf) external view returns (bytes32) {
        return SumTree.toNode(SumTree.domain(address(this), merchant), leaf).hash;
    }

    /// @inheritdoc ICommissionVault
    function hashNode(address merchant, SumTree.Node calldata left, SumTree.Node calldata right)
        external
        view
        returns (bytes32)
    {
        SumTree.Node memory parent;
        SumTree.join(SumTree.domain(address(this), merchant), left, right, parent);
        return parent.hash;
    }

    /// @inheritdoc ICommissionVault
    function verify(
        address merchant,
        SumTree.Leaf calldata leaf,
        SumTree.Proof calldata proof,
        SumTree.Node calldata root
    ) external view returns (bool) {
        bytes32 computed = _rootOf(merchant, leaf, proof);
        return computed != 0 && computed == _seal(root);
    }

    /// @inheritdoc ICommissionVault
    function changeRecipientDigest(
        address merchant,
        bytes32 memberId,
        address oldRecipient,
        address newRecipient,
        uint256 nonce,
        uint256 deadline
    ) public view returns (bytes32) {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    CHANGE_RECIPIENT_TYPEHASH, merchant, memberId, oldRecipient, newRecipient, nonce, deadline
                )
            )
        );
    }

    /// @inheritdoc ICommissionVault
    function accrualDigest(AccrualFact calldata fact) external view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ACCRUAL_FACT_TYPEHASH, fact)));
    }

    // ---- inner ----

    function _covered(address merchant) internal view returns (uint256) {
        Account storage account = _accounts[merchant];
        return uint256(account.reserve) + account.claimedTotal;
    }

    function _isDue(address merchant) internal view returns (bool) {
        Root storage pending = _pending[merchant];
        return pending.epoch > _active[merchant].epoch && block.timestamp >= pending.activeAt
            && pending.payableTotal <= _covered(merchant);
    }

    /// A root's hash and totals in one word: the totals a merchant states must be those that its tree gives.
    function _seal(SumTree.Node memory node) internal pure returns (bytes32) {
        return keccak256(abi.encode(node));
    }

    function _sealed(Root storage root) internal view returns (bytes32) {
        return _seal(SumTree.Node(root.hash, root.payableTotal, root.outstandingTotal));
    }

    /// The sealed root that `proof` leads to from `leaf`; zero when leaf or proof break the bounds.
    function _rootOf(address merchant, SumTree.Leaf calldata leaf, SumTree.Proof calldata proof)
        internal
        view
        returns (bytes32)
    {
        bytes32 domain = SumTree.domain(address(this), merchant);
        SumTree.Node memory node = SumTree.toNode(domain, leaf);
        bool sound = SumTree.sound(leaf) && SumTree.climb(domain, node, proof.index, proof.siblings);
        return sound ? _seal(node) : bytes32(0);
    }

    function _follow(address merchant, bytes32 memberId, address from) internal view returns (address, bool) {
        for (uint256 hop = 0; hop <= MAX_RECIPIENT_CHANGES; ++hop) {
            Redirect storage redirect = _redirects[merchant][memberId][from];
            if (redirect.to == address(0) || block.timestamp < redirect.effectiveAt) return (from, true);
            from = redirect.to;
        }
        return (from, false);
    }

    /// Tokens sent to these would be lost.
    function _isBad(address recipient) internal view returns (bool) {
        return recipient == address(0) || recipient == address(this) || recipient == address(TOKEN);
    }
}
