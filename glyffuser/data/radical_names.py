"""English names of the 214 Kangxi radicals."""

RADICAL_NAMES: tuple[str, ...] = tuple(
    name.strip()
    for name in """
    one, line, dot, slash, second, hook, two, lid, man, legs, enter, eight, down box, cover, ice, table, open box,
    knife, power, wrap, spoon, right open box, hiding enclosure, ten, divination, seal, cliff, private, again,
    mouth, enclosure, earth, scholar, go, go slowly, evening, big, woman, child, roof, inch, small, lame, corpse,
    sprout, mountain, river, work, oneself, turban, dry, short thread, dotted cliff, long stride, two hands,
    shoot, bow, snout, bristle, step, heart, halberd, door, hand, branch, rap, script, dipper, axe, square, not,
    sun, say, moon, tree, lack, stop, death, weapon, do not, compare, fur, clan, steam, water, fire, claw, father,
    lines on a trigram, half of a tree trunk, slice, fang, cow, dog, profound, jade, melon, tile, sweet, life,
    use, field, bolt of cloth, sickness, footsteps, white, skin, dish, eye, spear, arrow, stone, spirit, track,
    grain, cave, stand, bamboo, rice, silk, jar, net, sheep, feather, old, and, plow, ear, brush, meat, minister,
    self, arrive, mortar, tongue, oppose, boat, stopping, colour, grass, tiger, insect, blood, walk enclosure,
    clothes, west, see, horn, speech, valley, bean, pig, badger, shell, red, run, foot, body, cart, bitter,
    morning, walk, city, wine, distinguish, village, gold, long, gate, mound, slave, short-tailed bird, rain,
    blue, wrong, face, leather, tanned leather, leek, sound, leaf, wind, fly, eat, head, fragrant, horse, bone,
    tall, hair, fight, sacrificial wine, cauldron, ghost, fish, bird, salt, deer, wheat, hemp, yellow, millet,
    black, embroidery, frog, tripod, drum, rat, nose, even, tooth, dragon, turtle, flute
    """.split(",")
)
"""Names by number: radical n is at index n - 1."""
