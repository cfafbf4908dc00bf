"""/Self/Networks: the networks in which the person is a member."""
