"""The layouts of market history files: recognised, read and judged row by row."""
