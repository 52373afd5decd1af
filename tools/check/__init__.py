"""The supply chain, tried by `make check`: what is shipped, under which licences, with which known holes, and no secret among it."""
