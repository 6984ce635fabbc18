"""Training of learned recognizers on photos of palms.

A network brings a recipe (`ccnet`, `eehnet`: how a photo is changed, what the loss is); `loop.train` does the rest.
`splits` says which photos train and which are held out.
"""
