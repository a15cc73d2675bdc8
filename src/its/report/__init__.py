"""One self-contained HTML file about a run: its data, its assets, and the writer."""
