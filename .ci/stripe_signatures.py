"""Writes bodies with headers signed by Stripe's own library, each accepted by that library too: see stripe-signatures."""

import json
import random
import sys

import stripe

NOW = 1_795_219_200
TEXTS = ["Bournemouth", "Poole & Wareham", "caf\u00e9", "\u2603 \U0001f695", "a\"b\\c", "tab\tline\n", "", "\u0000", "x" * 3000]


def value(chance, depth):
    kind = chance.randrange(8 if depth < 4 else 5)
    if kind == 0:
        return chance.choice(TEXTS)
    if kind == 1:
        return chance.randrange(-(2**53), 2**53)
    if kind == 2:
        return chance.random() * 1e6
    if kind == 3:
        return chance.choice([True, False, None])
    if kind == 4:
        return "".join(chr(chance.choice([chance.randrange(32, 127), chance.randrange(0x80, 0xD800)])) for _ in range(20))
    if kind == 5:
        return [value(chance, depth + 1) for _ in range(chance.randrange(5))]
    return {f"k{n}": value(chance, depth + 1) for n in range(chance.randrange(5))}


def main():
    path, count, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3] or str(random.SystemRandom().randrange(2**32))
    chance = random.Random(seed)
    vectors = []
    for number in range(count):
        event = {
            "id": f"evt_{number}",
            "object": "event",
            "type": "invoice.paid",
            "data": {"object": {"id": f"in_{number}", "more": value(chance, 0)}},
        }
        # As Stripe writes it, or as tightly as can be, in ASCII or not.
        body = json.dumps(event, indent=chance.choice([None, 2]), ensure_ascii=chance.choice([True, False]))
        secret = "whsec_" + "".join(chance.choice("0123456789abcdefABCDEF") for _ in range(chance.randrange(1, 64)))
        time = NOW + chance.randrange(-300, 301)
        signed = f"{time}.{body}"
        scheme = stripe.WebhookSignature.EXPECTED_SCHEME
        header = f"t={time},{scheme}={stripe.WebhookSignature._compute_signature(signed, secret)}"
        stripe.WebhookSignature.verify_header(body, header, secret)
        vectors.append({"body": body, "header": header, "secret": secret, "bit": chance.randrange(2**31)})
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"now": NOW, "library": stripe.VERSION, "seed": seed, "vectors": vectors}, file)
    print(f"stripe-signatures: {count} bodies signed by stripe {stripe.VERSION}, seed {seed}")


if __name__ == "__main__":
    main()
