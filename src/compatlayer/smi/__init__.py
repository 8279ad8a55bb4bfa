"""The command nvidia-smi over our own devices. Its texts are ours; its options and fields are the documented ones."""
