"""Some mistakes are none where there is nothing to get wrong: told by a word in the name of the case."""


def only_in(word):
    """The class below is wrong only in cases with this word in their name."""
    return lambda mistake: _marked(mistake, needed=word)


def not_in(word):
    """The class below is right in cases with this word in their name."""
    return lambda mistake: _marked(mistake, excluded=word)


def shows(mistake, case):
    """Whether this mistake is one in this case."""
    own = vars(mistake)
    needed, excluded = own.get("needed", ""), own.get("excluded")
    return needed in case.name and (excluded is None or excluded not in case.name)


def _marked(mistake, **words):
    for name, word in words.items():
        setattr(mistake, name, word)
    return mistake
