"""Clauses about what an analyzer says and sends."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

from picctv_core import codec, typed
from picctv_core.declarations import TRIGGER
from picctv_core.errors import CodecError, PluginError
from picctv_core.frames import Frame, Result
from picctv_core.inputs import ANALYZE, VECTORS
from picctv_core.node.hosts import EVENT_ENDED
from picctv_core.testing.conformance.base import Clauses, said

if TYPE_CHECKING:
    from picctv_core.frames import MotionVectors
    from picctv_core.testing.runner import AnalyzerRunner

_HEALTH_BYTES = 4096


class ResultClauses(Clauses):
    """What comes out of it."""

    def test_results_survive_the_wire(self) -> None:
        """Every result is None or plain data that the codec can pack: so it reaches the server and the other plugins.

        Plain are None, booleans, numbers, text, bytes, lists, dicts with keys of text or whole numbers, aware datetimes
        and numpy arrays of numbers; tuples and sets arrive as lists.
        """
        model = self._declaration().result
        for at, result in self._said():
            try:
                codec.unpack(codec.pack(typed.plain(model, result)))
            except CodecError as error:
                self._broken(f"its result for {at} can't be sent: {error}")
            except PluginError:
                continue  # that it fits no model is another clause's

    def test_results_fit_the_model(self) -> None:
        """Every result fits the declared ``Result`` model, whose fields are what the web charts and filters by.

        The node refuses what does not fit. An analyzer without a model may say what it likes.
        """
        model = self._declaration().result
        if model is None:
            return
        undescribed = [found.name for found in typed.fields_of(model) if not found.description]
        if undescribed:
            self._broken(
                f"{model.__name__} has no description for {', '.join(undescribed)}; say it with Field(description=...)"
            )
        for at, result in self._said():
            try:
                plain = typed.plain(model, result)
            except PluginError as error:
                self._broken(f"{at}: {error}")
            with self._blaming(f"sending its result for {at}"):
                codec.pack(plain)

    def test_trigger_marks_are_booleans(self) -> None:
        """A result's ``"triggered"`` is True or False, and its ``"score"`` a finite number, where it has them.

        Anything else under ``"triggered"`` (1, "yes") is no mark: no event is made of it, and nothing is recorded. A
        score that is no number gives its event no height.
        """
        for result in self._life().results:
            if not isinstance(result.data, dict):
                continue
            mark, score = result.data.get("triggered", False), result.data.get("score", 0.0)
            if not isinstance(mark, bool):
                self._broken(f'"triggered" is {mark!r}; make it a boolean, such as bool(x)')
            if "triggered" in result.data and not _is_number(score):
                self._broken(f'"score" is {score!r}; make it a finite number, such as float(x)')

    def test_event_details_are_plain(self) -> None:
        """`picctv_event_ended` gives None, or a dict of plain data of at most 1 MiB; its ``"picture"`` is a JPEG.

        The node refuses what can't be sent, and the event is stored without details. A picture that is none is not shown.
        """
        with self._folder() as folder:
            runner = self._runner(self._camera(folder))
            if not runner.takes(EVENT_ENDED):
                return
            with self._blaming("saying more of an event that ended"), runner:
                for frame in self._frames():
                    runner.frame(frame)
        for event in runner.run.events:
            picture = (event["details"] or {}).get("picture")
            if picture is not None and not (
                isinstance(picture, bytes) and picture.startswith(b"\xff\xd8\xff")
            ):
                self._broken(
                    'the "picture" of an event is no JPEG; make it one, such as cv2.imencode(".jpg", luma)[1].tobytes()'
                )

    def test_messages_are_plain(self) -> None:
        """What it emits is plain data, and a message of one of picctv's own kinds has that kind's payload.

        ``camera.emit`` raises for anything else, on a node as in a test; swallowing that error loses the message.
        """
        refused = self._life().camera.refused
        if refused:
            self._broken(f"it emitted what can't be sent: {refused[0]}")

    def test_health_is_small(self) -> None:
        """`picctv_health` gives None, or a small dict of texts and numbers.

        It stands in the node's status, which is sent to the server every few seconds.
        """
        health = self._life().health
        if health is None:
            return
        if not isinstance(health, dict):
            self._broken(f"its health is a {type(health).__name__}; make it a dict, or None")
        for key, value in health.items():
            if not isinstance(key, str) or not isinstance(value, (str, int, float, type(None))):
                self._broken(f"its health has {key!r}: {value!r}; make it text, a number or a boolean")
        if (size := len(codec.pack(health))) > _HEALTH_BYTES:
            self._broken(f"its health takes {size} bytes; {_HEALTH_BYTES} is the most")

    def test_same_frames_give_same_results(self) -> None:
        """Two objects, one after the other, say the same of the same frames at the same times.

        Then a replay shows what the camera showed, and settings can be tuned with it. Chance needs a fixed seed; time
        comes from the frames or from ``camera.clock``, never from the operating system.
        """
        if said(self._life()) != said(self._life()):
            self._broken(
                "a second object said something else of the same frames: keep state in the object, seed chance, and take "
                "the time from the frame"
            )

    def test_objects_share_nothing(self) -> None:
        """An object says the same whether it runs alone or beside that of another camera.

        A node makes one for each of its cameras. State in the class or the module mixes their pictures.
        """
        alone = said(self._life(units=()))
        with self._folder() as folder:
            one, other = (self._runner(self._camera(folder / name)) for name in ("one", "other"))
            heard = deque(self._heard())
            with self._blaming("running two beside each other"), one, other:
                for mine, others in zip(self._taken(one, 1), self._taken(other, 2), strict=True):
                    while heard and heard[0].captured_at_ns < mine.captured_at_ns:
                        one.result(heard.popleft())
                    _give(other, others)
                    _give(one, mine)
        if said(one.run) != alone:
            self._broken(
                "beside a second camera's object it said something else: state is shared through the class or the module; "
                "keep it in self"
            )

    def test_results_of_others_are_taken(self) -> None:
        """It takes whatever result it asks to hear, of whatever form.

        With ``uses = ("trigger",)`` these are dicts with a boolean ``"triggered"``, and maybe nothing more; without
        ``uses`` any plain data of any plugin. Those of plugins that it names are known to it, and not tried here.
        """
        strange: list[Any] = [{"triggered": True}, {"triggered": False, "score": None, "boxes": "none"}]
        uses = self._declaration().uses
        if not uses:
            strange += [{}, [], [1, 2], "text", 7, 1.5, True, {"score": "high"}, {1: 2}]
        elif TRIGGER not in uses:
            return
        at_ns = self._frames()[0].captured_at_ns
        with self._folder() as folder, self._runner(self._camera(folder)) as runner:
            for data in strange:
                with self._blaming(f"hearing the result {data!r} of another plugin"):
                    runner.result(Result("node/camera", "stranger", at_ns, data))

    def _taken(self, runner: AnalyzerRunner, seed: int) -> list[Frame | MotionVectors]:
        given: list[Frame | MotionVectors] = [*self._frames(seed)] if runner.takes(ANALYZE) else []
        if runner.takes(VECTORS):
            given += self._vectors(seed)
        return sorted(given, key=lambda item: item.captured_at_ns)

    def _said(self) -> list[tuple[str, Any]]:
        """Give what the analyzer returned, and for what, before anything is done to it."""
        with self._folder() as folder:
            runner = self._runner(self._camera(folder))
            with self._blaming("running it"), runner:
                said = [(f"frame {frame.sequence}", runner.look(frame)) for frame in self._frames()]
                if runner.takes(VECTORS):
                    told = enumerate(self._vectors())
                    said += [(f"motion vectors {number}", runner.look(one)) for number, one in told]
                return said


def _give(runner: AnalyzerRunner, item: Frame | MotionVectors) -> None:
    if isinstance(item, Frame):
        runner.frame(item)
    else:
        runner.vectors(item)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
