// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ICommissionVault} from "./interfaces/ICommissionVault.sol";
import {VaultState} from "./VaultState.sol";
import {SumTree} from "./SumTree.sol";

/// @title The vault commissions are paid from
/// @notice Each merchant has a reserve of its own, keyed by its address; no operation moves one merchant's reserve for
/// another. Nobody owns the vault and nothing in it can be changed.
///
/// Why it stays solvent. Let covered = reserve + claimedTotal. A claim moves the same amount from one to the other, a deposit
/// raises it, and only `withdraw` lowers it, never below the outstanding total of the active and of the pending root, which
/// is never below their payable total. A root is only taken when payable <= covered. A claim is only paid when claimedTotal
/// stays <= payableTotal, hence claimed + amount <= covered, hence amount <= reserve.
contract CommissionVault is VaultState, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    /// What all payments under one root share, read once.
    struct Terms {
        uint256 payableTotal;
        uint256 claimedTotal;
        uint64 epoch;
        uint64 disputedUntil;
    }

    /// See VaultState for the parameters.
    constructor(
        IERC20 token,
        uint64 activationDelay,
        uint64 withdrawalDelay,
        uint64 recipientDelay,
        uint128 disputeBond
    ) VaultState(token, activationDelay, withdrawalDelay, recipientDelay, disputeBond) {}

    // ---- reserve ----

    /// @inheritdoc ICommissionVault
    function deposit(address merchant, uint256 amount) external nonReentrant {
        if (merchant == address(0)) revert ZeroMerchant();
        // What arrives counts, not what was sent.
        uint256 received = _take(msg.sender, amount);
        if (received == 0) revert ZeroAmount();
        Account storage account = _accounts[merchant];
        account.reserve = (account.reserve + received).toUint128();
        emit Deposited(merchant, msg.sender, received);
    }

    /// @inheritdoc ICommissionVault
    function announceWithdrawal(uint256 amount) external nonReentrant {
        if (amount == 0) revert ZeroAmount();
        uint256 free = freeOf(msg.sender);
        if (amount > free) revert AmountAboveFree(amount, free);
        uint64 readyAt = uint64(block.timestamp) + WITHDRAWAL_DELAY;
        _withdrawals[msg.sender] = Withdrawal(uint128(amount), readyAt, readyAt + WITHDRAWAL_WINDOW);
        emit WithdrawalAnnounced(msg.sender, amount, readyAt, readyAt + WITHDRAWAL_WINDOW);
    }

    /// @inheritdoc ICommissionVault
    function cancelWithdrawal() external nonReentrant {
        if (_withdrawals[msg.sender].amount == 0) revert NoWithdrawal(msg.sender);
        delete _withdrawals[msg.sender];
        emit WithdrawalCancelled(msg.sender);
    }

    /// @inheritdoc ICommissionVault
    function withdraw() external nonReentrant {
        Withdrawal memory announced = _withdrawals[msg.sender];
        if (announced.amount == 0) revert NoWithdrawal(msg.sender);
        if (block.timestamp < announced.readyAt) revert WithdrawalNotReady(announced.readyAt, block.timestamp);
        if (block.timestamp >= announced.expiresAt) revert WithdrawalExpired(announced.expiresAt, block.timestamp);
        uint256 free = freeOf(msg.sender);
        if (announced.amount > free) revert AmountAboveFree(announced.amount, free);
        delete _withdrawals[msg.sender];
        _accounts[msg.sender].reserve -= announced.amount;
        emit Withdrawn(msg.sender, announced.amount);
        TOKEN.safeTransfer(msg.sender, announced.amount);
    }

    // ---- roots ----

    /// @inheritdoc ICommissionVault
    function propose(uint64 epoch, bytes32 root, uint256 payableTotal, uint256 outstandingTotal, bytes32 statementHash)
        external
        nonReentrant
    {
        _activateIfDue(msg.sender);
        Root storage pending = _pending[msg.sender];
        uint64 activeEpoch = _active[msg.sender].epoch;
        if (epoch <= pending.epoch) revert EpochNotAfter(epoch, pending.epoch);
        if (root == 0) revert ZeroRoot();
        if (payableTotal > outstandingTotal) revert OutstandingBelowPayable(outstandingTotal, payableTotal);
        if (outstandingTotal > SumTree.MAX_AMOUNT) revert AmountTooLarge(outstandingTotal, SumTree.MAX_AMOUNT);
        uint256 activeTotal = _active[msg.sender].payableTotal;
        if (payableTotal < activeTotal) revert PayableFell(activeTotal, payableTotal);
        uint256 covered = _covered(msg.sender);
        if (payableTotal > covered) revert ReserveShort(payableTotal, covered);
        if (pending.epoch > activeEpoch) emit RootReplaced(msg.sender, pending.epoch);
        uint64 activeAt = uint64(block.timestamp) + ACTIVATION_DELAY;
        _pending[msg.sender] =
            Root(root, uint128(payableTotal), uint128(outstandingTotal), statementHash, epoch, activeAt, 0);
        emit RootProposed(msg.sender, epoch, root, payableTotal, outstandingTotal, statementHash, activeAt);
    }

    /// @inheritdoc ICommissionVault
    function activate(address merchant) external nonReentrant {
        Root storage pending = _pending[merchant];
        uint64 activeEpoch = _active[merchant].epoch;
        if (pending.epoch <= activeEpoch) revert NothingPending(merchant, activeEpoch);
        if (block.timestamp < pending.activeAt) revert RootPending(pending.epoch, pending.activeAt, block.timestamp);
        if (!_activateIfDue(merchant)) revert ReserveShort(pending.payableTotal, _covered(merchant));
    }

    // ---- claims ----

    /// @inheritdoc ICommissionVault
    function claim(address merchant, SumTree.Leaf calldata leaf, SumTree.Proof calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        _activateIfDue(merchant);
        _requireActiveEpoch(merchant, proof.epoch);
        bytes32 computed = _rootOf(merchant, leaf, proof);
        if (computed != _sealed(_active[merchant])) revert BadProof(computed, _sealed(_active[merchant]));
        bytes4 failure;
        address to;
        (failure, to, amount) = _pay(merchant, leaf);
        if (failure != 0) _raise(failure, merchant, leaf, to, amount);
    }

    /// @inheritdoc ICommissionVault
    function claimMany(Claim[] calldata claims) external nonReentrant returns (uint256 paid) {
        if (claims.length > MAX_BATCH) revert BatchSize(claims.length, MAX_BATCH);
        for (uint256 i = 0; i < claims.length; ++i) {
            Claim calldata one = claims[i];
            _activateIfDue(one.merchant);
            bytes4 failure;
            uint64 activeEpoch = _active[one.merchant].epoch;
            if (activeEpoch == 0) failure = NoActiveRoot.selector;
            else if (one.proof.epoch < activeEpoch) failure = StaleRoot.selector;
            else if (one.proof.epoch > activeEpoch) failure = RootPending.selector;
            else if (_rootOf(one.merchant, one.leaf, one.proof) != _sealed(_active[one.merchant])) {
                failure = BadProof.selector;
            } else (failure,,) = _pay(one.merchant, one.leaf);
            if (failure == 0) ++paid;
            else emit ClaimSkipped(one.merchant, one.leaf.memberId, failure);
        }
    }

    /// @inheritdoc ICommissionVault
    function claimSubtree(
        address merchant,
        SumTree.Leaf[] calldata leaves,
        SumTree.Proof calldata proof,
        uint256 minimum
    ) external nonReentrant returns (uint256 paid) {
        if (leaves.length == 0 || leaves.length > MAX_BATCH) revert BatchSize(leaves.length, MAX_BATCH);
        _activateIfDue(merchant);
        _requireActiveEpoch(merchant, proof.epoch);
        bytes32 domain = SumTree.domain(address(this), merchant);
        (SumTree.Node memory node, bool sound) = SumTree.fold(domain, leaves);
        sound = sound && SumTree.climb(domain, node, proof.index, proof.siblings);
        bytes32 computed = sound ? _seal(node) : bytes32(0);
        if (computed != _sealed(_active[merchant])) revert BadProof(computed, _sealed(_active[merchant]));
        return _payAll(merchant, leaves, minimum);
    }

    // ---- disputes ----

    /// @inheritdoc ICommissionVault
    function dispute(
        address merchant,
        SumTree.Leaf calldata leaf,
        SumTree.Proof calldata proof,
        bytes32 reason
    ) external nonReentrant {
        Root storage pending = _pending[merchant];
        uint64 epoch = pending.epoch;
        if (epoch <= _active[merchant].epoch) revert NothingPending(merchant, epoch);
        if (block.timestamp >= pending.activeAt) revert DisputeClosed(epoch, pending.activeAt, block.timestamp);
        if (proof.epoch != epoch) revert StaleRoot(proof.epoch, epoch);
        bytes32 computed = _rootOf(merchant, leaf, proof);
        if (computed != _sealed(pending)) revert BadProof(computed, _sealed(pending));
        Member storage member = _members[merchant][leaf.memberId];
        if (member.disputedEpoch == epoch) revert AlreadyDisputed(leaf.memberId, epoch);
        member.disputedEpoch = epoch;
        pending.disputes += 1;
        uint256 bond;
        if (msg.sender != leaf.recipient) {
            bond = _take(msg.sender, DISPUTE_BOND);
            _bonds[merchant][epoch][leaf.memberId] = Bond(
                msg.sender,
                pending.activeAt + WITHDRAWAL_DELAY,
                bond.toUint128(),
                uint128(leaf.payableAmount),
                leaf.recipient
            );
        }
        emit LeafDisputed(merchant, epoch, leaf.memberId, msg.sender, bond, reason);
    }

    /// @inheritdoc ICommissionVault
    function forfeitBond(address merchant, uint64 epoch, SumTree.Leaf calldata leaf, SumTree.Proof calldata proof)
        external
        nonReentrant
    {
        _activateIfDue(merchant);
        _requireActiveEpoch(merchant, proof.epoch);
        bytes32 computed = _rootOf(merchant, leaf, proof);
        if (computed != _sealed(_active[merchant])) revert BadProof(computed, _sealed(_active[merchant]));
        Bond memory bond = _bonds[merchant][epoch][leaf.memberId];
        if (bond.disputer == address(0)) revert NoBond(leaf.memberId, epoch);
        bool upheld = proof.epoch > epoch && leaf.recipient == bond.leafRecipient
            && leaf.payableAmount >= bond.leafPayable;
        if (!upheld) revert BondNotUpheld(epoch, proof.epoch);
        address to = recipientOf(merchant, leaf.memberId, leaf.recipient);
        delete _bonds[merchant][epoch][leaf.memberId];
        emit BondForfeited(merchant, epoch, leaf.memberId, to, bond.amount);
        TOKEN.safeTransfer(to, bond.amount);
    }

    /// @inheritdoc ICommissionVault
    function reclaimBond(address merchant, uint64 epoch, bytes32 memberId) external nonReentrant {
        Bond memory bond = _bonds[merchant][epoch][memberId];
        if (bond.disputer == address(0)) revert NoBond(memberId, epoch);
        if (block.timestamp < bond.reclaimableAt) revert BondLocked(bond.reclaimableAt, block.timestamp);
        delete _bonds[merchant][epoch][memberId];
        emit BondReclaimed(merchant, epoch, memberId, bond.disputer, bond.amount);
        TOKEN.safeTransfer(bond.disputer, bond.amount);
    }

    // ---- recipients ----

    /// @inheritdoc ICommissionVault
    function changeRecipient(
        address merchant,
        bytes32 memberId,
        address oldRecipient,
        address newRecipient,
        uint256 deadline,
        bytes calldata signature
    ) external nonReentrant {
        if (block.timestamp > deadline) revert SignatureExpired(deadline, block.timestamp);
        if (_isBad(newRecipient) || newRecipient == oldRecipient) revert BadRecipient(newRecipient);
        Redirect storage redirect = _redirects[merchant][memberId][oldRecipient];
        if (redirect.to != address(0)) {
            revert RecipientAlreadyChanged(oldRecipient, redirect.to, redirect.effectiveAt);
        }
        // Whoever has been redirected away cannot become a target again: so no ring of changes can form.
        Redirect storage next = _redirects[merchant][memberId][newRecipient];
        if (next.to != address(0)) revert RecipientAlreadyChanged(newRecipient, next.to, next.effectiveAt);
        bytes32 digest =
            changeRecipientDigest(merchant, memberId, oldRecipient, newRecipient, redirect.nonce, deadline);
        if (!SignatureChecker.isValidSignatureNowCalldata(oldRecipient, digest, signature)) {
            revert BadSignature(oldRecipient);
        }
        uint64 effectiveAt = uint64(block.timestamp) + RECIPIENT_DELAY;
        redirect.to = newRecipient;
        redirect.effectiveAt = effectiveAt;
        redirect.nonce += 1;
        _members[merchant][memberId].redirected = true;
        emit RecipientChanged(merchant, memberId, oldRecipient, newRecipient, effectiveAt);
    }

    /// @inheritdoc ICommissionVault
    function cancelRecipientChange(address merchant, bytes32 memberId) external nonReentrant {
        Redirect storage redirect = _redirects[merchant][memberId][msg.sender];
        if (redirect.to == address(0)) revert NoRecipientChange(msg.sender);
        if (block.timestamp >= redirect.effectiveAt) {
            revert RecipientAlreadyChanged(msg.sender, redirect.to, redirect.effectiveAt);
        }
        redirect.to = address(0);
        redirect.effectiveAt = 0;
        emit RecipientChangeCancelled(merchant, memberId, msg.sender);
    }

    // ---- inner ----

    /// Receive `amount` from `from`; returns what really came.
    function _take(address from, uint256 amount) private returns (uint256) {
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(from, address(this), amount);
        return TOKEN.balanceOf(address(this)) - before;
    }

    function _activateIfDue(address merchant) private returns (bool due) {
        due = _isDue(merchant);
        if (due) {
            _active[merchant] = _pending[merchant];
            emit RootActivated(merchant, _active[merchant].epoch);
        }
    }

    function _requireActiveEpoch(address merchant, uint64 epoch) private view {
        uint64 activeEpoch = _active[merchant].epoch;
        if (activeEpoch == 0) revert NoActiveRoot(merchant);
        if (epoch < activeEpoch) revert StaleRoot(epoch, activeEpoch);
        if (epoch > activeEpoch) revert RootPending(epoch, _pending[merchant].activeAt, block.timestamp);
    }

    /// Pay a proven leaf of the active root. On failure nothing has changed and the selector says why.
    function _pay(address merchant, SumTree.Leaf calldata leaf)
        private
        returns (bytes4 failure, address to, uint256 amount)
    {
        Terms memory terms = _terms(merchant);
        (failure, to, amount) = _book(merchant, terms, leaf, 0);
        if (failure != 0) return (failure, to, amount);
        _move(merchant, amount);
        if (!_send(merchant, leaf.memberId, terms.epoch, to, amount)) failure = TransferFailed.selector;
    }

    /// All effects come before the first transfer.
    function _payAll(address merchant, SumTree.Leaf[] calldata leaves, uint256 minimum) private returns (uint256 paid) {
        Terms memory terms = _terms(merchant);
        address[] memory recipients = new address[](leaves.length);
        uint256[] memory amounts = new uint256[](leaves.length);
        uint256 total;
        for (uint256 i = 0; i < leaves.length; ++i) {
            (bytes4 failure, address to, uint256 amount) = _book(merchant, terms, leaves[i], minimum);
            if (failure != 0) {
                emit ClaimSkipped(merchant, leaves[i].memberId, failure);
                continue;
            }
            (recipients[i], amounts[i]) = (to, amount);
            total += amount;
        }
        _move(merchant, total);
        for (uint256 i = 0; i < leaves.length; ++i) {
            if (amounts[i] == 0) continue;
            if (_send(merchant, leaves[i].memberId, terms.epoch, recipients[i], amounts[i])) ++paid;
            else emit ClaimSkipped(merchant, leaves[i].memberId, TransferFailed.selector);
        }
    }

    function _terms(address merchant) private view returns (Terms memory) {
        Root storage active = _active[merchant];
        // A dispute holds back a leaf until the next root, or until the bond's time has run out: a merchant who falls silent and
        // a disputer who objects for spite must not lock a payee out for good.
        uint64 until = active.disputes == 0 ? 0 : active.activeAt + WITHDRAWAL_DELAY;
        return Terms(active.payableTotal, _accounts[merchant].claimedTotal, active.epoch, until);
    }

    /// Count a leaf as claimed by its member, and in `terms`; the caller moves the sum. Failure leaves both as they were.
    function _book(address merchant, Terms memory terms, SumTree.Leaf calldata leaf, uint256 minimum)
        private
        returns (bytes4, address to, uint256 amount)
    {
        Member storage member = _members[merchant][leaf.memberId];
        uint256 claimed = member.claimed;
        uint256 due = leaf.payableAmount;
        to = leaf.recipient;
        if (due <= claimed) return (NothingToClaim.selector, to, 0);
        unchecked {
            amount = due - claimed;
        }
        if (amount < minimum) return (BelowMinimum.selector, to, amount);
        if (block.timestamp < terms.disputedUntil && member.disputedEpoch == terms.epoch) {
            return (DisputedLeaf.selector, to, amount);
        }
        if (member.redirected) {
            bool ended;
            (to, ended) = _follow(merchant, leaf.memberId, to);
            if (!ended) return (TooManyRecipientChanges.selector, to, amount);
        }
        if (_isBad(to)) return (BadRecipient.selector, to, amount);
        uint256 claimedTotal = terms.claimedTotal + amount;
        if (claimedTotal > terms.payableTotal) return (ClaimsExceedPayable.selector, to, amount);
        terms.claimedTotal = claimedTotal;
        member.claimed = uint128(due);
        return (0, to, amount);
    }

    function _move(address merchant, uint256 amount) private {
        Account memory account = _accounts[merchant];
        _accounts[merchant] = Account((account.reserve - amount).toUint128(), (account.claimedTotal + amount).toUint128());
    }

    /// Transfer what has been booked; when the token refuses, take the booking back.
    function _send(address merchant, bytes32 memberId, uint64 epoch, address to, uint256 amount) private returns (bool) {
        if (TOKEN.trySafeTransfer(to, amount)) {
            emit Claimed(merchant, memberId, epoch, to, amount);
            return true;
        }
        _members[merchant][memberId].claimed -= uint128(amount);
        _accounts[merchant].reserve += uint128(amount);
        _accounts[merchant].claimedTotal -= uint128(amount);
        return false;
    }

    /// Turn the reason of `_pay` into the error with its numbers.
    function _raise(bytes4 failure, address merchant, SumTree.Leaf calldata leaf, address to, uint256 amount)
        private
        view
    {
        Root storage active = _active[merchant];
        if (failure == NothingToClaim.selector) {
            revert NothingToClaim(leaf.memberId, leaf.payableAmount, _members[merchant][leaf.memberId].claimed);
        }
        if (failure == DisputedLeaf.selector) {
            revert DisputedLeaf(leaf.memberId, active.epoch, active.activeAt + WITHDRAWAL_DELAY);
        }
        if (failure == TooManyRecipientChanges.selector) {
            revert TooManyRecipientChanges(leaf.memberId, MAX_RECIPIENT_CHANGES);
        }
        if (failure == BadRecipient.selector) revert BadRecipient(to);
        if (failure == ClaimsExceedPayable.selector) {
            revert ClaimsExceedPayable(_accounts[merchant].claimedTotal, amount, active.payableTotal);
        }
        revert TransferFailed(to, amount);
    }
}
