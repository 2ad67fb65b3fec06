"""One module a tab or fold of the page, with its name."""
