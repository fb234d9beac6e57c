"""Layer 1: hears an exchange and stores what it says. No opinions."""
