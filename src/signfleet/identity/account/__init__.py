"""/account: the pages that links in mails lead to. They work without scripts."""
