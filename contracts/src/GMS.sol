// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

/// @title Gemstra, the unit of settlement
/// @notice ERC-20 with Permit (ERC-2612) and signed transfers (ERC-3009). The supply is fixed: there is no owner, no
/// minting, no burning, no pause and no fee, so one unit sent is always one unit received. Votes are left out on purpose:
/// they would tax every transfer.
contract GMS is ERC20Permit, ERC3009 {
    /// @notice All the GMS there will ever be, in base units (18 decimals).
    uint256 public constant INITIAL_SUPPLY = 1_000_000_000 ether;

    /// @param holder receives the whole supply
    constructor(address holder) ERC20("Gemstra", "GMS") ERC20Permit("Gemstra") {
        _mint(holder, INITIAL_SUPPLY);
    }
}
