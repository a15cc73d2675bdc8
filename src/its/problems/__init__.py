"""Problems: what is asked, and (apart from it) the reference that only grades."""
