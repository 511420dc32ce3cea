"""Numbered SQL, one transaction each. Ranges: 0001 core, 0010 identity and peers, 0020 catalog, 0030 customers,
0040 orders, 0050 grants, 0060 team, plan and commission, 0070 chain.
"""
