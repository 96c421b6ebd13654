"""What a user's own tests take from indexlab."""
