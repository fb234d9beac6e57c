"""The superuser's password reaches the server as a verifier only, by the arithmetic of RFC 5802."""

import base64
import hashlib
import hmac

from hydra.db.server.access import new_password, scram_verifier

# The worked example of RFC 7677, section 3.
SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="
NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
CONVERSATION = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s={SALT},i=4096,c=biws,r={NONCE}"
CLIENT_PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER_SIGNATURE = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_the_verifier_of_the_standards_example_accepts_its_proof_and_signs_its_answer() -> None:
    verifier = scram_verifier("pencil", base64.b64decode(SALT))
    scheme, parameters, keys = verifier.split("$")
    assert (scheme, parameters) == ("SCRAM-SHA-256", f"4096:{SALT}")
    stored, server = (base64.b64decode(key) for key in keys.split(":"))
    signature = hmac.digest(stored, CONVERSATION.encode(), "sha256")
    client = bytes(a ^ b for a, b in zip(base64.b64decode(CLIENT_PROOF), signature, strict=True))
    assert hashlib.sha256(client).digest() == stored
    assert base64.b64encode(hmac.digest(server, CONVERSATION.encode(), "sha256")).decode() == SERVER_SIGNATURE


def test_two_passwords_and_two_verifiers_of_one_password_differ() -> None:
    assert new_password() != new_password()
    assert scram_verifier("pencil") != scram_verifier("pencil")
