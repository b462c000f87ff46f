"""Messages and errors reach another process as they are."""

import copy
import pickle

import pytest

from stn_core.data.decoding import DecoderError
from stn_core.data.root import DataError
from stn_core.experiments.checkpoints import CheckpointError
from stn_core.messages import Message, about_file

INNER = Message("short", "{count} of {all} bytes", count=3, all=9)


@pytest.mark.parametrize(
    "twin", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_can_be_translated_like_the_first(twin, tmp_path):
    message = Message("cut", "cut short: {what}", what=INNER)
    same = twin(message)
    assert same == message and (same.key, same.template) == ("cut", "cut short: {what}")
    assert same.details == {"what": INNER} and same.details["what"].key == "short"
    error = about_file(CheckpointError, tmp_path, "train r-cnn")("cut", "cut: {what}", what=INNER)
    again = twin(error)
    assert type(again) is CheckpointError and str(again) == str(error)
    assert again.sentence.details["what"].details["what"].key == "short"


def test_other_errors_keep_what_they_know():
    damaged = pickle.loads(pickle.dumps(DataError("damaged", "an HTML page")))
    assert (str(damaged), damaged.why) == ("damaged", "an HTML page")
    refused = pickle.loads(pickle.dumps(DecoderError("too_large", {"pixels": 9})))
    assert (refused.key, refused.about) == ("too_large", {"pixels": 9})
