"""Blocks, transactions, receipts and logs as the JSON of the Ethereum execution API."""

from typing import Any

import rlp  # type: ignore[import-untyped]
from eth_hash.auto import keccak

from node.chain.embedded.evm import Executed

_EMPTY_UNCLES = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"


def quantity(number: int) -> str:
    """An integer as JSON-RPC writes it."""
    return hex(number)


def data(value: bytes) -> str:
    """Bytes as JSON-RPC writes them."""
    return "0x" + bytes(value).hex()


def block_body(executed: Executed) -> dict[str, Any]:
    """`eth_getBlock…` with transaction hashes."""
    block = executed.block
    header = block.header
    return {
        **header_body(header),
        "size": quantity(len(rlp.encode(block))),
        "transactions": [data(transaction.hash) for transaction in block.transactions],
    }


def header_body(header: Any) -> dict[str, Any]:
    """The part of a block that its header gives; enough for block 0."""
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "nonce": data(header.nonce),
        "sha3Uncles": _EMPTY_UNCLES,
        "logsBloom": data(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": data(header.transaction_root),
        "stateRoot": data(header.state_root),
        "receiptsRoot": data(header.receipt_root),
        "miner": data(header.coinbase),
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "mixHash": data(header.mix_hash),
        "extraData": data(header.extra_data),
        "size": "0x0",
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
        "withdrawals": [],
        "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": quantity(header.blob_gas_used),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "requestsHash": data(header.requests_hash),
        "transactions": [],
        "uncles": [],
    }


def transaction_body(transaction: Any, base_fee: int | None) -> dict[str, Any]:
    """`eth_getTransactionByHash`; `base_fee` of its block, None while it waits."""
    kind = getattr(transaction, "type_id", None) or 0
    body: dict[str, Any] = {
        "type": quantity(kind),
        "hash": data(transaction.hash),
        "nonce": quantity(transaction.nonce),
        "from": data(transaction.sender),
        "to": data(transaction.to) if transaction.to else None,
        "value": quantity(transaction.value),
        "gas": quantity(transaction.gas),
        "input": data(transaction.data),
        "gasPrice": quantity(effective_price(transaction, base_fee or 0)),
        "chainId": None if transaction.chain_id is None else quantity(transaction.chain_id),
        "blockHash": None,
        "blockNumber": None,
        "transactionIndex": None,
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
        "v": quantity(transaction.y_parity if kind else transaction.v),
    }
    if kind:
        body["yParity"] = body["v"]
        body["accessList"] = [
            {"address": data(address), "storageKeys": [data(slot.to_bytes(32, "big")) for slot in slots]}
            for address, slots in transaction.access_list
        ]
    if kind >= 2:
        body["maxFeePerGas"] = quantity(transaction.max_fee_per_gas)
        body["maxPriorityFeePerGas"] = quantity(transaction.max_priority_fee_per_gas)
    return body


def effective_price(transaction: Any, base_fee: int) -> int:
    """Wei per gas that a block with this base fee charges."""
    return int(min(transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas + base_fee))


def receipt_bodies(executed: Executed) -> list[dict[str, Any]]:
    """`eth_getTransactionReceipt` of each transaction in the block, logs numbered through the block."""
    block = executed.block
    place = {"blockHash": data(block.hash), "blockNumber": quantity(block.number)}
    bodies = []
    gas_before = log_index = 0
    for position, (transaction, receipt) in enumerate(zip(block.transactions, executed.receipts, strict=True)):
        mine = {**place, "transactionHash": data(transaction.hash), "transactionIndex": quantity(position)}
        logs = []
        for log in receipt.logs:
            logs.append({**mine, **_log_body(log), "logIndex": quantity(log_index), "removed": False})
            log_index += 1
        bodies.append(
            {
                **mine,
                "type": quantity(getattr(transaction, "type_id", None) or 0),
                "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
                "from": data(transaction.sender),
                "to": data(transaction.to) if transaction.to else None,
                "contractAddress": None if transaction.to else data(created(transaction)),
                "cumulativeGasUsed": quantity(receipt.gas_used),
                "gasUsed": quantity(receipt.gas_used - gas_before),
                "effectiveGasPrice": quantity(effective_price(transaction, block.header.base_fee_per_gas)),
                "logs": logs,
                "logsBloom": data(receipt.bloom.to_bytes(256, "big")),
            }
        )
        gas_before = receipt.gas_used
    return bodies


def _log_body(log: Any) -> dict[str, Any]:
    topics = [data(topic.to_bytes(32, "big")) for topic in log.topics]
    return {"address": data(log.address), "topics": topics, "data": data(log.data)}


def created(transaction: Any) -> bytes:
    """Address of the contract that a creating transaction makes."""
    return bytes(keccak(rlp.encode([transaction.sender, transaction.nonce]))[12:])
