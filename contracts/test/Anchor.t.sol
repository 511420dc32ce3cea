// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {CatalogAnchors} from "../src/CatalogAnchors.sol";

contract AnchorTest is Base {
    CatalogAnchors internal anchors = new CatalogAnchors();

    function test_a_head_is_told_in_the_senders_name() public {
        vm.expectEmit(true, true, true, true);
        emit CatalogAnchors.Anchored("feed", anna, 7, "root", "state");
        vm.prank(anna);
        anchors.anchor("feed", 7, "root", "state");
    }

    function test_nobody_is_kept_from_anchoring_and_nobody_speaks_for_another() public {
        vm.expectEmit(true, true, true, true);
        emit CatalogAnchors.Anchored("feed", bert, 7, "other", "state");
        vm.prank(bert);
        anchors.anchor("feed", 7, "other", "state");
    }

    function test_an_empty_log_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(CatalogAnchors.NothingToAnchor.selector));
        anchors.anchor("feed", 0, "root", "state");
    }

    function test_an_anchor_costs_less_than_a_transfer_of_gms() public {
        uint256 before = gasleft();
        anchors.anchor("feed", 7, "root", "state");
        check(before - gasleft() < 10_000, "gas beside the transaction's own 21,000");
    }
}
