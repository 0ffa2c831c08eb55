"""Words that the list of nouns for names takes in, and those that it leaves out, chosen by hand."""

from __future__ import annotations

import re


def _listed(text: str) -> tuple[str, ...]:
    """Split at commas and line ends."""
    return tuple(word.strip() for word in re.split(r"[,\n]", text) if word.strip())


PERSONS = _listed("""
person, man, woman, child, baby, toddler, boy, girl, teenager, adult, old man, old woman, couple, family, crowd, group of people, audience
nurse, doctor, surgeon, dentist, patient, teacher, student, pupil, scientist, engineer, mechanic, carpenter, bricklayer, electrician
plumber, painter, worker, farmer, gardener, fisherman, hunter, shepherd, cook, chef, baker, butcher, waiter, waitress, bartender
cashier, shopkeeper, salesperson, barber, hairdresser, tailor, cleaner, mail carrier, firefighter, police officer, soldier, sailor
pilot, astronaut, diver, driver, cyclist, motorcyclist, pedestrian, passenger, tourist, hiker, climber, camper, swimmer, surfer
runner, athlete, gymnast, wrestler, boxer, golfer, skier, skateboarder, soccer player, baseball player, basketball player
tennis player, goalkeeper, referee, coach, cheerleader, dancer, ballet dancer, singer, musician, guitarist, pianist, violinist, drummer
band, orchestra, choir, actor, clown, magician, juggler, acrobat, model, photographer, cameraman, journalist, reporter, artist
sculptor, writer, judge, lawyer, politician, businessman, businesswoman, office worker, secretary, librarian, priest, monk, nun, bride
bridegroom, king, queen, knight, pirate, cowboy, samurai, bullfighter, jockey, rider, mother, father, grandmother, grandfather, twins
""")
EVENTS = _listed("""
wedding, birthday party, party, picnic, concert, festival, parade, carnival, protest, ceremony, graduation, funeral, meeting, conference
lecture, lesson, exhibition, fair, flea market, competition, race, marathon, horse race, car race, match, soccer, football, baseball
basketball, volleyball, tennis, table tennis, badminton, golf, hockey, ice hockey, rugby, cricket, bowling, boxing, wrestling, judo
karate, fencing, archery, gymnastics, yoga, dance, ballet, swimming, diving, surfing, sailing, rowing, canoeing, fishing, hunting
skiing, snowboarding, ice skating, skateboarding, cycling, running, hiking, climbing, camping, horseback riding, gardening, cooking
eating, drinking, shopping, reading, sleeping, haircut, surgery, vaccination, traffic jam, car accident, flood, fire, explosion
earthquake, storm, tornado, hurricane, lightning, eclipse, sunrise, sunset, rain, snow, fog, rainbow, aurora, fireworks, harvest
""")
SCENES = _listed("""
landscape, seascape, cityscape, skyline, night sky, starry sky, cloud, aerial view, satellite image, countryside, meadow, field, forest
rain forest, jungle, desert, savanna, prairie, tundra, mountain range, canyon, waterfall, coral reef, underwater scene, beach, harbor
village, town, city, street, alley, crossroads, parking lot, playground, park, garden, cemetery, construction site, factory hall, farm
orchard, vineyard, rice field, greenhouse, stable, zoo, aquarium, classroom, office, kitchen, bathroom, bedroom, living room, hallway
basement, attic, stairway, balcony, swimming pool, gym, stadium, theater, cinema, museum, gallery, library, church interior
shop window, supermarket aisle, market stall, restaurant, bar, airport terminal, train station, subway station, bus stop, gas station
""")
PICTURES = _listed("""
portrait, selfie, group photo, close-up, black-and-white photo, old photo, x-ray, CT scan, ultrasound image, microscope image
screenshot, diagram, chart, graph, table, map, floor plan, blueprint, flowchart, logo, icon, emoji, symbol, sign, traffic sign, flag
poster, advertisement, magazine cover, book cover, album cover, newspaper, letter, document, receipt, form, handwriting, printed text
digit, number, barcode, business card, identity card, banknote, stamp, drawing, sketch, cartoon, comic, anime, caricature, painting
oil painting, watercolor, mural, graffiti, mosaic, sculpture, statue, relief, tattoo, pattern, texture, stripes, polka dots, collage
video game, computer graphic, animation, silhouette, shadow, reflection, blank page, noise
""")
SHAPES = _listed("""
circle, square, triangle, rectangle, star, cross, ring, diamond, hexagon, arrow, heart, crescent, spiral, oval, line, dot, grid, cube
sphere, cylinder, cone, pyramid
""")
THINGS = _listed("""
anchor, bamboo, barbecue, bat, bear, bow, bow tie, buckle, buffet, ceramics, chestnut, chip, crow, cushion, dart, dress, drill, drink
duck, fan, ferry, flounder, fly, picture frame, gear, geyser, hammer, harness, hazel, hook, husky, jam, lace, lavender, lock, loom
mammoth, mask, mop, nail, net, nettle, olive, orange, paddle, pepper, perch, pin, plow, plum, pump, quail, rust, sail, seal, shed
shield, silver, sink, spear, sponge, squash, steam, telescope, tie, toast, train, vest, watch, well, wheel, whip, boot, pot, pill
jellyfish, tapir, rack, diaper, rooster, crane, mouse, mole, pug, poodle, tabby cat, Siamese cat, kitten, puppy, foal, calf, lamb
smartphone, laptop, tablet computer, desktop computer, keyboard, monitor, printer, scanner, router, server, hard disk, memory card
camera, video camera, drone, headphones, loudspeaker, microphone, remote control, game controller, television, radio, record player
washing machine, dishwasher, refrigerator, microwave oven, stove, oven, toaster, kettle, coffee maker, blender, vacuum cleaner, iron
hair dryer, electric razor, toothbrush, toothpaste, soap, shampoo, perfume, lipstick, makeup, nail polish, comb, hairbrush, towel
toilet paper, bathtub, shower, washbasin, mirror, pillow, mattress, blanket, carpet, curtain, lamp, chandelier, candle, vase, clock
alarm clock, wall clock, wristwatch, sunglasses, glasses, earring, necklace, bracelet, wedding ring, handbag, backpack, suitcase
wallet, umbrella, sneaker, sandal, high heels, slipper, sock, jeans, trousers, shorts, skirt, T-shirt, shirt, sweater, hoodie, jacket
coat, raincoat, swimsuit, bikini, pajamas, wedding dress, uniform, apron, glove, mitten, scarf, hat, cap, helmet, hard hat, belt
coffee table, dining table, desk, office chair, armchair, rocking chair, sofa, bench, stool, bookcase, wardrobe, cupboard, drawer
bed, bunk bed, crib, baby carriage, high chair, toy, toy car, teddy bear, doll, puzzle, building blocks, board game, chess board
playing card, dice, ball, soccer ball, basketball hoop, tennis racket, golf club, baseball bat, ski, snowboard, skateboard, surfboard
bicycle, motorcycle, scooter, car, sports car, racing car, police car, taxi, van, pickup truck, truck, fire engine, ambulance
garbage truck, tractor, excavator, bulldozer, crane truck, forklift, bus, school bus, tram, steam locomotive, freight train, subway train
airplane, fighter jet, helicopter, glider, hot-air balloon, parachute, kite, rocket, space shuttle, satellite, space station, sailboat
motorboat, fishing boat, canoe, kayak, ferry boat, cruise ship, container ship, warship, submarine, lighthouse, bridge, dam, tunnel
road, highway, railroad track, traffic light, street sign, street lamp, fire hydrant, mailbox, park bench, fountain, phone booth
skyscraper, apartment building, house, cottage, hut, barn, castle, palace, church, mosque, synagogue, temple, pagoda, monastery, tower
windmill, wind turbine, solar panel, power line, power plant, oil rig, chimney, roof, window, door, gate, fence, wall, brick wall
ruin, pyramid tomb, arch, column, staircase, ladder, scaffolding, tent, igloo, doghouse, birdhouse, bird nest, beehive, spider web
fruit salad, bread, sandwich, hamburger, hot dog, pizza, pasta, spaghetti, noodles, rice, sushi, soup, salad, steak, sausage, bacon
fried chicken, fried egg, omelet, french fries, pancake, waffle, croissant, cake, birthday cake, cupcake, cookie, doughnut, pie
ice cream, chocolate, candy, cheese, butter, milk, coffee, cup of tea, juice, beer, wine glass, cocktail, water bottle, beer bottle
flower bed, bouquet, potted plant, houseplant, bonsai, palm tree, fir tree, oak tree, Christmas tree, cherry blossom, sunflower, leaf
autumn leaves, grass, moss, mushroom, seaweed, wood, bark, stone, gravel, sand, brick, concrete, tile, marble, metal, rust, glass
plastic, paper, cardboard, leather, fabric, wool, fur, feather, ice, smoke, flame, water drop, bubble, dust, mud
hand, foot, face, eye, ear, nose, mouth, tooth, hair, beard, finger, skull, skeleton, brain scan, cell, blood cell, bacterium, virus
neuron, tissue, chromosome, galaxy, nebula, planet, moon, comet, sun, Earth
""")
EXTRA = (*PERSONS, *EVENTS, *SCENES, *PICTURES, *SHAPES, *THINGS)

UNFIT = frozenset(
    _listed("""
ass, tit, teat, testicle, womb, dug, corpse, buttock, rump, bladder, bile, vomit, pus, mucus, snot, phlegm, sputum, bowel, belch
loins, crotch, pubis, scrotum, penis, vagina, uterus, ovary, nipple, breast, bosom, areola, foreskin, hymen, labium, prostate, placenta
bastard, cur, bitch, hooker, giant, dope, hashish, heroin, cocaine, crack, marijuana, opium, barbiturate, amphetamine, poison gas, gas chamber
death camp, concentration camp, electric chair, brothel, harem, hash, joint, roach, bong, speed, ecstasy, brassiere, g-string, thong
abortion pill, body bag, enema, suppository, laxative, tampon, sanitary napkin, bedpan, chamber pot, cesspool, sewage, sludge, slop
active, fraction, variable, binary, radical, imperial, sang, duplicate, till, opening, addition, formulation, structure, facility, system
product, device, material, surface, piece, solid, solution, buffer, extract, interface, output, assembly, covering, hanging, helping
stopping, suiting, spoke, trapping, agent, fluid, particle, layer, fragment, constituent, mixture, ingredient, innovation, commodity
suspension, segment, acoustic, antidote, archive, backspace, bitmap, baffle, casting, coloring, console, coping, discard, disposable
downhill, dressing, duff, facing, gearing, generic, goody, hardback, landing, lining, mending, modeling, override, padding, physic
portable, requisite, reset, rung, sacking, scheduler, shook, shortening, siding, sizing, spool, starter, stole, stray, stuffing
tacking, throughput, tidy, tore, trifle, trivia, underlay, upgrade, wrapping, world, air, body, art, office world, mankind, body part
black body, natural order, school system, communication system, radio source, raw material, starting buffer, cure-all, maria, mire
standby, splicing, snip, thwart, pique, main drag, inclusion body, drag, aggregate, extremity, entrant, entrance, facsimile, counterbalance
counterfeit, contraband, custom-made, creep feed, clench, chilly, acumen, adamant, ail, ale-hoof, calk, concoction, corrective, defile
mangle, prison camp, instrument of execution, penal institution, correctional institution, noose, narcotic, hypnotic, voodoo, sperm, ovum
embryo, latrine, carcass, carrion, loin, lingerie, pantie, madhouse, asylum, vagabond, mademoiselle, lethal dose, marriage bed, nude
period piece, cootie, sham, whiskey neat, hind, hindquarter, human body, sweat bag, flat bench, fur-piece, call-board, walk-up, ready-mix
second joint, bottom round, eye opener, gas gun, soft glass, hip pad, transit line, winding-clothes, cold frame, proving ground, teeth
wetter, mouser, goober, reeve, remaking, plaything, works, pick, nutrient, breakable, combustible, rat cheese, quark cheese, hand cheese
delayed action, dead load, death seat, death mask, differential, dimer, downcast, dubbing, edible, hot line, elastic, electric
""")
)
"""Lemmas of synsets that are left out: vulgar or embarrassing as a name, drugs, and words that nobody calls a picture by."""

UNFIT_ABOVE = frozenset(
    {"reproductive organ", "contraceptive", "drug of abuse", "body waste", "sex", "part", "controlled substance"}
)
"""First lemmas above which nothing is taken."""

UNFIT_GLOSS = re.compile(
    r"slur|offensive|derogat|disparag|vulgar|obscen|\bslang|sexual|genital|contracepti|excre|feces|\banus|\banal\b|masturb|prostitut"
    r"|execut(?:e|ion)|torture|nazi|pornogra|menstru|urin|intestin|hormone|abdomen|narcotic",
    re.IGNORECASE,
)
"""What the gloss of a synset must not say."""

__all__ = ["EXTRA", "UNFIT", "UNFIT_ABOVE", "UNFIT_GLOSS"]
