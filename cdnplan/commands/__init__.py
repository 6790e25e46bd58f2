"""What each command takes and does, once for `cdnplan.cli` and for `cdnplan.notebook`.

A module declares the options of a command in one signature: that of a request, or of a function that makes
one. Name, type and default stand there, and the meaning in its numpydoc ``Parameters``; an `Option` of
`cdnplan.commands.option` has the little that the command line needs besides. Modules load what they need when
they are used: importing them takes no time.
"""
