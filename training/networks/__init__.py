"""The three networks of Z-Image as the engine computes them, in PyTorch, under the files' names."""
