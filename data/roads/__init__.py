"""The road network (路网) in the store: imported, mended by hand, checked, and asked for travel times.

Roads are public ground and hold no personal data: like the base map everyone signed in may read them, since a way to a
household often leads through the township next door. Households and everything counted of them stay inside one's duty.
"""
