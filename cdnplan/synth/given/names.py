"""Invented names of titles and providers; none is meant to be a real one."""

from __future__ import annotations

import re
import unicodedata

import numpy as np

_ADJECTIVES = (
    "Amber Bitter Blue Borrowed Bright Broken Burning Careful Clever Cold Copper Crimson Crooked Distant "
    "Double Early Electric Empty Endless Fading Faithful False Fearless Final Flying Forgotten Fragile "
    "Frozen Gentle Giant Golden Hidden Hollow Honest Hungry Idle Invisible Iron Jealous Last Late Little "
    "Lonely Lost Loud Lucky Lunar Midnight Missing Narrow Northern Open Painted Pale Patient Perfect "
    "Private Quiet Reluctant Restless Rising Scarlet Second Secret Seventh Silent Silver Sleeping Small "
    "Solar Southern Stolen Strange Stubborn Sudden Sweet Tangled Tender Third Tidal Twisted Unlikely "
    "Velvet Violet Wandering Western White Wild Winter Wooden Yellow"
)
_NOUNS = (
    "Alibi Anchor Apartment Archive Arrow Autumn Bakery Balcony Ballad Bargain Beacon Bicycle Border "
    "Bridge Brother Captain Carnival Castle Cathedral Cellar Circus City Clockmaker Coast Compass "
    "Confession Corridor Courier Cousin Crossing Dancer Daughter Detective Diary Dinner Doctor Dragon "
    "Engine Envoy Exile Falcon Farewell Ferry Fire Fisherman Forest Fortune Fox Frontier Galaxy Garden "
    "Ghost Glacier Gold Guest Harbour Heir Honeymoon Horizon Hotel House Hunter Illusion Inheritance "
    "Island Journey Judge Kingdom Kitchen Labyrinth Lake Lantern Letter Library Lighthouse Lion Locksmith "
    "Map Market Masquerade Meadow Mechanic Memory Merchant Mirror Moon Mother Mountain Neighbour Night "
    "Oath Ocean Orchard Orchestra Passenger Phantom Pilot Planet Poet Portrait Prince Promise Queen Rain "
    "Rebel Reunion Rhythm Riddle River Road Rose Saint School Sea Season Shadow Signal Sister Sky "
    "Smuggler Soldier Song Spy Star Station Storm Stranger Street Summer Swimmer Tailor Teacher Theatre "
    "Thief Throne Tide Tower Train Traveller Treasure Tunnel Valley Verdict Village Violin Voyage Wedding "
    "Widow Winner Witness"
)

_PROVIDER_STEMS = (
    "arc birch bright cedar cobalt coral delta dune ember fern flint gale harbour indigo juniper kestrel "
    "lark linden maple meridian mistral nimbus nova onyx opal orchid otter pebble pine quartz raven ridge "
    "river sable saffron sierra slate solis sparrow summit tidal topaz umber vale vega willow zephyr"
)
_PROVIDER_ENDS = ("net", "fibre", "tel", "cable", "link", "wave", "home", "mobile")


def title_names(count: int, rng: np.random.Generator) -> list[str]:
    """Different names, in random order.

    Parameters
    ----------
    count : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> len(set(title_names(60_000, np.random.default_rng(0))))
    60000
    """
    nouns = _NOUNS.split()
    plain = [f"The {adjective} {noun}" for adjective in _ADJECTIVES.split() for noun in nouns]
    paired = [f"{first} and {other}" for first in nouns for other in nouns if first != other]
    pool = plain + paired
    order = rng.permutation(len(pool))
    picked = [pool[order[i % len(pool)]] for i in range(count)]
    return [name if i < len(pool) else f"{name} {i // len(pool) + 1}" for i, name in enumerate(picked)]


def provider_names(count: int, rng: np.random.Generator) -> list[str]:
    """Different names of internet providers, lower case, in random order.

    Examples
    --------
    >>> len(set(provider_names(1_000, np.random.default_rng(0))))
    1000
    """
    pool = [stem + end for stem in _PROVIDER_STEMS.split() for end in _PROVIDER_ENDS]
    order = rng.permutation(len(pool))
    picked = [pool[order[i % len(pool)]] for i in range(count)]
    return [name if i < len(pool) else f"{name}{i // len(pool) + 1}" for i, name in enumerate(picked)]


def slug(name: str) -> str:
    """A name in lower-case letters, digits and hyphens.

    Examples
    --------
    >>> slug("Andorra la Vella")
    'andorra-la-vella'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
