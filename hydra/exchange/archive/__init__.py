"""The layouts of market history files: recognised, parsed and checked row by row."""
