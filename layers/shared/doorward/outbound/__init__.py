"""The one way out to the internet: HTTPS requests to servers that are none of ours.

A name is resolved once. If one of its addresses is of special use, nobody is asked. Otherwise the connection goes to an
address that was looked at, and the certificate has to be that of the name. So a name that others choose reaches nothing
inside, even if the name means another address a moment later.
"""
