"""Weights, states and auxiliary inputs of recurrent networks that do not fit each other."""

from .build import Op, T
from .values import Tensor, given, refused, result


def floats(*shape):
    return given(*shape, dtype=T.FLOAT32)


def state(*shape):
    return Tensor(shape, isVariable=True)


def gates(cells, outputs, length, projection=None, bias=True):
    """The first 18 inputs of a network after its input: one step of four gates."""
    into = [floats(cells, length) for _ in range(4)]
    recurrent = [floats(cells, outputs) for _ in range(4)]
    biases = [floats(cells) if bias else None, *[floats(cells) for _ in range(3)]]
    return [*into, *recurrent, None, None, None, *biases, projection, None]


def lstm(name, words, *, cells=3, outputs=3, projection=None, bias=True, rank=2, change=None):
    sequence = rank == 3
    shape = [2, 4] if rank == 2 else [1, 2, 4]
    inputs = [floats(*shape), *gates(cells, outputs, 4, projection, bias)]
    inputs += [state(2, outputs), state(2, cells)]
    for index, tensor in (change or {}).items():
        inputs[index] = tensor
    builtin = Op.UNIDIRECTIONAL_SEQUENCE_LSTM if sequence else Op.LSTM
    kind = "UnidirectionalSequenceLSTMOptions" if sequence else "LSTMOptions"
    options = {"timeMajor": True} if sequence else {}
    refused(name, builtin, inputs, [result(*shape[:-1], outputs)], words, kind=kind, options=options)


def both_lstm(name, words, *, auxiliary=None, forward=(None,) * 4, backward=(None,) * 4, outputs=3):
    inputs = [floats(1, 2, 4), *gates(3, 3, 4), *gates(3, outputs, 4)]
    inputs += [state(2, 3), state(2, 3), state(2, outputs), state(2, 3)]
    inputs += [auxiliary, *forward, *backward]
    refused(
        name, Op.BIDIRECTIONAL_SEQUENCE_LSTM, inputs, [result(1, 2, 3), result(1, 2, outputs)], words,
        kind="BidirectionalSequenceLSTMOptions", options={"timeMajor": True}, version=2,
    )


def both_rnn(name, words, change, time_major=True):
    inputs = [floats(1, 2, 4)]
    for _ in range(2):
        inputs += [floats(3, 4), floats(3, 3), floats(3), state(2, 3)]
    inputs += [None, None, None]
    for index, tensor in change.items():
        inputs[index] = tensor
    refused(
        name, Op.BIDIRECTIONAL_SEQUENCE_RNN, inputs, [result(1, 2, 3), result(1, 2, 3)], words,
        kind="BidirectionalSequenceRNNOptions", options={"timeMajor": time_major},
    )


def networks():
    lstm("lstm_outputs", "LSTM: 2 outputs of 3 cells, without a projection", outputs=2)
    lstm(
        "lstm_projection", "LSTM: 4 outputs of 3 cells, after their projection",
        outputs=4, projection=floats(4, 3),
    )
    lstm("lstm_bias", "LSTM: input 12 is left out", bias=False)
    lstm(
        "lstm_rank", "LSTM: input 0 has 3 dimensions instead of 2",
        change={0: floats(2, 4, 4)},
    )
    lstm(
        "sequence_lstm_rank", "UNIDIRECTIONAL_SEQUENCE_LSTM: input 0 has 2 dimensions instead of 3",
        rank=3, change={0: floats(2, 4)},
    )
    lstm(
        "sequence_lstm_weights", "input 6 has length 1 along axis 0, not 3",
        rank=3, change={6: floats(1, 3)},
    )
    lstm(
        "sequence_lstm_diagonal", "input 6 has length 2 along axis 0, not 3",
        rank=3, change={6: floats(2)},
    )
    both_lstm("both_lstm_outputs", "2 outputs of 3 cells, without a projection", outputs=2)
    weights = [floats(3, 5) for _ in range(4)]
    both_lstm(
        "both_lstm_left_out", "weights for an input 39 that is left out", forward=weights,
        backward=weights,
    )
    both_lstm(
        "both_lstm_half", "input 46 is left out, unlike others", auxiliary=floats(1, 2, 4),
        forward=[floats(3, 4) for _ in range(4)], backward=[*[floats(3, 4) for _ in range(2)], None, floats(3, 4)],
    )
    both_lstm(
        "both_lstm_weights", "input 42 has length 9 along axis 1, not 4", auxiliary=floats(1, 2, 4),
        forward=[floats(3, 4), floats(3, 4), floats(3, 9), floats(3, 4)],
        backward=[floats(3, 4) for _ in range(4)],
    )
    both_lstm(
        "both_lstm_input", "input 39 has length 5 along axis 2, not 4", auxiliary=floats(1, 2, 5),
    )
    both_rnn("both_rnn_square", "input 2 has length 1 along axis 1, not 3", {2: floats(3, 1)})
    both_rnn("both_rnn_state", "input 4 is no variable", {4: floats(2, 3)})
    both_rnn("both_rnn_half", "one of the inputs 10 and 11 is left out", {10: floats(3, 4)})
    both_rnn(
        "both_rnn_left_out", "weights for an input 9 that is left out",
        {10: floats(3, 4), 11: floats(3, 4)},
    )
    both_rnn("both_rnn_input", "input 9 has length 1 along axis 0, not 2", {0: floats(2, 2, 4), 9: floats(1, 2, 4)})
    both_rnn(
        "both_rnn_time", "input 9 has length 5 along axis 2, not 4",
        {9: floats(1, 2, 5), 10: floats(3, 5), 11: floats(3, 5)},
    )
    refused(
        "svdf_memory", Op.SVDF, [floats(1, 2), floats(3, 2), floats(3, 0), None, state(1, 0)],
        [result(1, 3)], "SVDF: input 2 has no elements", kind="SVDFOptions", options={"rank": 1},
    )
    refused(
        "svdf_bias", Op.SVDF, [floats(1, 2), floats(3, 2), floats(3, 2), floats(), state(1, 6)],
        [result(1, 3)], "SVDF: input 3 has 0 dimensions instead of 1", kind="SVDFOptions",
        options={"rank": 1},
    )
