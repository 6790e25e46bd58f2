"""The numbers that steer how plans are made: one frozen, checked dataclass for each step or idea.

They are given as one `Parameters` (`parameters`) to the engine, to dealing and to what-ifs; a number set
there is set for that run and nothing else. Their values are those that all figures in the docs were found
with. Numbers that nobody would change, as rounding errors and array sizes, are constants where they are used.

`checked` says what values a number may have; all other modules are numbers of one kind: `passes` (prices),
`wide_gaps`, `closing` (the last percent of small networks), `one_file`, `dealing`, `questions` (what-ifs and
sizing), and `parts`, what can be left out.
"""
