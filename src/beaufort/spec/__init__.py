"""What is wanted: the service file as frozen values, with every mistake reported at once."""
