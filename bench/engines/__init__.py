"""The engines that bench/peers.py runs side by side, and what it needs to watch them."""
