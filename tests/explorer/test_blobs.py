from explorer.blobs import Blobs


def test_equal_bytes_have_one_revision_and_other_bytes_another():
    blobs = Blobs()
    assert blobs.publish("state", b"ab") == blobs.publish("state", b"ab")
    assert blobs.publish("state", b"ab") != blobs.publish("state", b"ac")


def test_only_what_was_published_under_a_kind_is_found():
    blobs = Blobs()
    rev = blobs.publish("state", b"ab")
    assert blobs.find("state", rev) == b"ab"
    assert blobs.find("points", rev) is None
    assert blobs.find("state", "0" * 20) is None


def test_the_least_recently_used_is_dropped():
    blobs = Blobs(limit=10)
    first, second = blobs.publish("s", b"1234"), blobs.publish("s", b"5678")
    assert blobs.find("s", first) == b"1234"
    third = blobs.publish("s", b"9012")
    assert blobs.find("s", second) is None
    assert blobs.find("s", first) == b"1234"
    assert blobs.find("s", third) == b"9012"


def test_one_too_large_frame_is_still_served():
    blobs = Blobs(limit=2)
    assert blobs.find("s", blobs.publish("s", b"12345")) == b"12345"


def test_made_calls_once_and_again_when_dropped():
    blobs = Blobs(limit=4)
    calls = []

    def make():
        calls.append(1)
        return b"1234"

    rev = blobs.made("points", "key", make)
    assert blobs.made("points", "key", make) == rev
    assert len(calls) == 1
    blobs.publish("s", b"5678")
    assert blobs.made("points", "key", make) == rev
    assert len(calls) == 2
