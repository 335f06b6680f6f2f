"""The D3PRefiner (arXiv 2401.03914): noise model, diffusion, denoiser, and all training and evaluation."""
