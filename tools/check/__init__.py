"""The supply chain, tried by `make check`: what is shipped, its licences, its known vulnerabilities, and no secret."""
