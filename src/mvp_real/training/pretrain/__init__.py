"""Self-supervised pre-training of the frozen encoder: the masked autoencoder."""
