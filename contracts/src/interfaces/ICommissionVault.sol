// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SumTree} from "../SumTree.sol";

/// @title What the vault of commissions promises
/// @notice Amounts are GMS base units, times are seconds. "Covered" means reserve plus all that was ever claimed, which is
/// what cumulative totals compare with.
interface ICommissionVault {
    /// @notice The root of one epoch, as a merchant proposed it.
    /// @param hash root of the sum tree
    /// @param payableTotal cumulative payable of all leaves
    /// @param outstandingTotal payableTotal plus all that is held
    /// @param statementHash SHA-256 of the canonical statement the root was made from
    /// @param epoch number of the epoch, from 1
    /// @param activeAt from when it may be claimed against
    /// @param disputes how many of its leaves are disputed
    struct Root {
        bytes32 hash;
        uint128 payableTotal;
        uint128 outstandingTotal;
        bytes32 statementHash;
        uint64 epoch;
        uint64 activeAt;
        uint64 disputes;
    }

    /// @notice One claim of a batch.
    struct Claim {
        address merchant;
        SumTree.Leaf leaf;
        SumTree.Proof proof;
    }

    struct Withdrawal {
        uint128 amount;
        uint64 readyAt;
        uint64 expiresAt;
    }

    /// @notice What a disputer who is not the leaf's recipient has put down.
    struct Bond {
        address disputer;
        uint64 reclaimableAt;
        uint128 amount;
        uint128 leafPayable;
        address leafRecipient;
    }

    /// @notice A fact a merchant signs off chain for each payee of an order; nobody submits it while roots keep coming.
    /// @param orderCommitment salted commitment to the order
    /// @param payee recipient of the commission
    /// @param level 0 for the seller, then levels of the upline
    /// @param amount commission, GMS base units
    /// @param base what it was reckoned on, minor units of `currency`
    /// @param currency ISO 4217
    /// @param returnWindow hold after delivery, milliseconds
    /// @param accruedAt UTC milliseconds
    struct AccrualFact {
        address merchant;
        bytes32 memberId;
        bytes32 orderCommitment;
        bytes32 planHash;
        address payee;
        uint8 level;
        uint256 amount;
        uint256 base;
        bytes3 currency;
        uint64 returnWindow;
        uint64 accruedAt;
    }

    event Deposited(address indexed merchant, address indexed from, uint256 amount);
    event RootProposed(
        address indexed merchant,
        uint64 indexed epoch,
        bytes32 root,
        uint256 payableTotal,
        uint256 outstandingTotal,
        bytes32 statementHash,
        uint64 activeAt
    );
    /// @notice A pending root gave way to a newer one before it became active.
    event RootReplaced(address indexed merchant, uint64 indexed epoch);
    event RootActivated(address indexed merchant, uint64 indexed epoch);
    event Claimed(address indexed merchant, bytes32 indexed memberId, uint64 epoch, address recipient, uint256 amount);
    /// @param reason selector of the error that `claim` would have answered with
    event ClaimSkipped(address indexed merchant, bytes32 indexed memberId, bytes4 reason);
    event LeafDisputed(
        address indexed merchant, uint64 indexed epoch, bytes32 indexed memberId, address by, uint256 bond, bytes32 reason
    );
    event BondForfeited(address indexed merchant, uint64 indexed epoch, bytes32 indexed memberId, address to, uint256 amount);
    event BondReclaimed(address indexed merchant, uint64 indexed epoch, bytes32 indexed memberId, address to, uint256 amount);
    event RecipientChanged(
        address indexed merchant, bytes32 indexed memberId, address oldRecipient, address newRecipient, uint64 effectiveAt
    );
    event RecipientChangeCancelled(address indexed merchant, bytes32 indexed memberId, address oldRecipient);
    event WithdrawalAnnounced(address indexed merchant, uint256 amount, uint64 readyAt, uint64 expiresAt);
    event WithdrawalCancelled(address indexed merchant);
    event Withdrawn(address indexed merchant, uint256 amount);

    error ZeroAmount();
    error ZeroRoot();
    error ZeroMerchant();
    error DelayTooShort(uint64 withdrawalDelay, uint64 activationDelay);
    error EpochNotAfter(uint64 epoch, uint64 newestEpoch);
    error OutstandingBelowPayable(uint256 outstandingTotal, uint256 payableTotal);
    error AmountTooLarge(uint256 amount, uint256 most);
    error PayableFell(uint256 activeTotal, uint256 payableTotal);
    error ReserveShort(uint256 payableTotal, uint256 covered);
    error NothingPending(address merchant, uint64 activeEpoch);
    error RootPending(uint64 epoch, uint64 activeAt, uint256 nowAt);
    error StaleRoot(uint64 proofEpoch, uint64 activeEpoch);
    error NoActiveRoot(address merchant);
    error BadProof(bytes32 computedRoot, bytes32 activeRoot);
    error NothingToClaim(bytes32 memberId, uint256 payableAmount, uint256 claimed);
    error DisputedLeaf(bytes32 memberId, uint64 epoch, uint64 until);
    error ClaimsExceedPayable(uint256 claimedTotal, uint256 amount, uint256 payableTotal);
    error BadRecipient(address recipient);
    error TooManyRecipientChanges(bytes32 memberId, uint256 most);
    error TransferFailed(address recipient, uint256 amount);
    error BelowMinimum(uint256 amount, uint256 minimum);
    error BatchSize(uint256 size, uint256 most);
    error DisputeClosed(uint64 epoch, uint64 activeAt, uint256 nowAt);
    error AlreadyDisputed(bytes32 memberId, uint64 epoch);
    error NoBond(bytes32 memberId, uint64 epoch);
    error BondNotUpheld(uint64 epoch, uint64 activeEpoch);
    error BondLocked(uint64 reclaimableAt, uint256 nowAt);
    error SignatureExpired(uint256 deadline, uint256 nowAt);
    error BadSignature(address expected);
    error RecipientAlreadyChanged(address oldRecipient, address newRecipient, uint64 effectiveAt);
    error NoRecipientChange(address oldRecipient);
    error AmountAboveFree(uint256 amount, uint256 free);
    error NoWithdrawal(address merchant);
    error WithdrawalNotReady(uint64 readyAt, uint256 nowAt);
    error WithdrawalExpired(uint64 expiresAt, uint256 nowAt);

    /// @notice Add `amount` of the caller's GMS to a merchant's reserve. Anyone may.
    function deposit(address merchant, uint256 amount) external;

    /// @notice Publish the caller's root of `epoch`. Replaces a root that is still pending.
    /// @dev Errors: EpochNotAfter, ZeroRoot, OutstandingBelowPayable, AmountTooLarge, PayableFell, ReserveShort.
    function propose(uint64 epoch, bytes32 root, uint256 payableTotal, uint256 outstandingTotal, bytes32 statementHash)
        external;

    /// @notice Make the pending root active once its delay has passed. Anyone may; claims do it by themselves.
    /// @dev Errors: NothingPending, RootPending, ReserveShort.
    function activate(address merchant) external;

    /// @notice Pay what is due on one leaf. Anyone may send it: the tokens go to the member's recipient.
    /// @dev Errors: NoActiveRoot, StaleRoot, RootPending, BadProof, NothingToClaim, DisputedLeaf, ClaimsExceedPayable,
    /// BadRecipient, TooManyRecipientChanges, TransferFailed.
    function claim(address merchant, SumTree.Leaf calldata leaf, SumTree.Proof calldata proof)
        external
        returns (uint256 amount);

    /// @notice Pay many leaves for others. What cannot be paid is skipped with its reason; the rest is paid.
    /// @return paid how many were paid
    function claimMany(Claim[] calldata claims) external returns (uint256 paid);

    /// @notice Pay an aligned run of leaves that together make one subtree: one proof for all of them.
    /// @param proof of the subtree's top node: its index is that of the node within its level
    /// @param minimum dues below this are skipped
    /// @return paid how many were paid
    function claimSubtree(
        address merchant,
        SumTree.Leaf[] calldata leaves,
        SumTree.Proof calldata proof,
        uint256 minimum
    ) external returns (uint256 paid);

    /// @notice Object to one leaf of the pending root. Free for its recipient, else against the bond.
    /// @param reason hash of the objection, or zero
    /// @dev Errors: NothingPending, DisputeClosed, StaleRoot, BadProof, AlreadyDisputed.
    function dispute(
        address merchant,
        SumTree.Leaf calldata leaf,
        SumTree.Proof calldata proof,
        bytes32 reason
    ) external;

    /// @notice Give a disputer's bond to the leaf's recipient, by showing that a later active root pays that member, at
    /// the same recipient, no less than the disputed leaf did.
    function forfeitBond(address merchant, uint64 epoch, SumTree.Leaf calldata leaf, SumTree.Proof calldata proof)
        external;

    /// @notice Return the bond to the disputer when nobody had it forfeited in time.
    function reclaimBond(address merchant, uint64 epoch, bytes32 memberId) external;

    /// @notice From `recipientDelay` after now, pay what leaves owe `oldRecipient` to `newRecipient`. Signed by
    /// `oldRecipient` (EIP-712, or ERC-1271 for a contract); anyone may bring it.
    function changeRecipient(
        address merchant,
        bytes32 memberId,
        address oldRecipient,
        address newRecipient,
        uint256 deadline,
        bytes calldata signature
    ) external;

    /// @notice Take back the caller's change before it takes effect.
    function cancelRecipientChange(address merchant, bytes32 memberId) external;

    /// @notice Tell everyone that the caller will withdraw `amount` from its reserve. Replaces an earlier announcement.
    function announceWithdrawal(uint256 amount) external;

    /// @notice Take back the announcement.
    function cancelWithdrawal() external;

    /// @notice Withdraw what was announced, if it still is above all that is outstanding.
    function withdraw() external;

    function reserveOf(address merchant) external view returns (uint256);
    function claimedTotalOf(address merchant) external view returns (uint256);
    function claimedOf(address merchant, bytes32 memberId) external view returns (uint256);
    /// @notice What the merchant could withdraw now, were it announced.
    function freeOf(address merchant) external view returns (uint256);
    /// @notice The root claims are judged by now, including one that is due and not yet activated.
    function activeRoot(address merchant) external view returns (Root memory);
    /// @notice The root that waits for its delay; all zero when none does.
    function pendingRoot(address merchant) external view returns (Root memory);
    function withdrawalOf(address merchant) external view returns (Withdrawal memory);
    function bondOf(address merchant, uint64 epoch, bytes32 memberId) external view returns (Bond memory);
    function disputedEpochOf(address merchant, bytes32 memberId) external view returns (uint64);
    /// @notice Whom a leaf that names `recipient` would be paid to now.
    function recipientOf(address merchant, bytes32 memberId, address recipient) external view returns (address);
    /// @notice The nonce the next ChangeRecipient of `oldRecipient` must carry.
    function recipientNonce(address merchant, bytes32 memberId, address oldRecipient) external view returns (uint256);

    function treeDomain(address merchant) external view returns (bytes32);
    function hashLeaf(address merchant, SumTree.Leaf calldata leaf) external view returns (bytes32);
    function hashNode(address merchant, SumTree.Node calldata left, SumTree.Node calldata right)
        external
        view
        returns (bytes32);
    /// @notice Whether `proof` leads from `leaf` to a root of that hash and those totals.
    function verify(
        address merchant,
        SumTree.Leaf calldata leaf,
        SumTree.Proof calldata proof,
        SumTree.Node calldata root
    ) external view returns (bool);
    /// @notice EIP-712 digest of a ChangeRecipient.
    function changeRecipientDigest(
        address merchant,
        bytes32 memberId,
        address oldRecipient,
        address newRecipient,
        uint256 nonce,
        uint256 deadline
    ) external view returns (bytes32);
    /// @notice EIP-712 digest of a fact that merchants sign off chain.
    function accrualDigest(AccrualFact calldata fact) external view returns (bytes32);
}
