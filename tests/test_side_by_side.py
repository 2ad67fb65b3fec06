import torch

from glyffuser.diffusion import Frame, Run
from glyffuser.side_by_side import side_by_side
from glyffuser.spacing import spaced_timesteps


def run_of(timesteps: list[int], glyphs: int = 2) -> Run:
    """A run in which step n of N makes the glyphs all n, and the guess all N."""
    num_steps = len(timesteps)
    x_t = torch.zeros(glyphs, 1, 128, 128)
    frames = (
        Frame(step, num_steps, timestep, next_timestep, torch.full_like(x_t, step), torch.full_like(x_t, num_steps))
        for step, (timestep, next_timestep) in enumerate(zip(timesteps, [*timesteps[1:], 0], strict=True), start=1)
    )
    return Run(x_t, timesteps, frames)


def test_the_noisiest_run_takes_the_next_step():
    frames = list(side_by_side([run_of(spaced_timesteps(num_steps)) for num_steps in (2, 5, 1)]))
    assert [frame.step for frame in frames] == list(range(9)) and {frame.num_steps for frame in frames} == {8}
    # in the order of noise; of equals the first comes first
    assert [frame.timestep for frame in frames] == [None, 999, 999, 999, 799, 599, 499, 399, 199]
    assert [frame.next_timestep for frame in frames] == [999, 999, 999, 799, 599, 499, 399, 199, 0]


def test_a_frame_holds_all_runs_as_they_are_now():
    frames = list(side_by_side([run_of(spaced_timesteps(3), glyphs=1), run_of([999], glyphs=2)]))
    assert {frame.x_t.shape for frame in frames} == {(3, 1, 128, 128)}
    steps_taken = [frame.x_t.mean(dim=(1, 2, 3)).tolist() for frame in frames]
    assert steps_taken == [[0, 0, 0], [1, 0, 0], [1, 1, 1], [2, 1, 1], [3, 1, 1]]
    guesses = [frame.pred_x_0.mean(dim=(1, 2, 3)).tolist() for frame in frames]
    assert guesses == [[0, 0, 0], [3, 0, 0], [3, 1, 1], [3, 1, 1], [3, 1, 1]]


def test_a_run_that_begins_halfway_waits_for_the_noisier_one():
    timesteps = spaced_timesteps(4)
    frames = side_by_side([run_of(timesteps[2:]), run_of(timesteps)])
    assert [frame.timestep for frame in frames][1:] == [999, 749, 499, 499, 249, 249]
