"""Standards as tests: what they ask, what Doorward does of it, and the tests that show it.

A catalogue (`catalogues/*.toml`) has the requirements of one standard in words of ours. A test says which of them it
shows: `@pytest.mark.standard("ASVS 6.2.1")`. The pages in docs/standards are made of both, so none can claim more than
the tests show.
"""
