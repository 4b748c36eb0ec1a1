"""A station for the simulators' servers that remembers what was written; it has no physics and no logic."""

from stations.model.identity import Point


class WrittenStation:
    """Reports the values that the test gives it and notes every write as (name, arguments without time)."""

    def __init__(self, values):
        self.now_values = dict(values)
        self.written = []
        self.takes = True

    def values(self):
        return self.now_values

    def set(self, loop, name, value):
        self.now_values[Point(loop, name)] = value

    def write_block(self, loop, token, sequence, heat, circulation, now):
        self.written.append(("block", loop, token, sequence, round(heat, 6), round(circulation, 6)))
        return self.takes

    def heartbeat(self, token, counter, valid_for_s, now):
        self.written.append(("heartbeat", token, counter, valid_for_s))
        return self.takes

    def hand_back(self, loop, now):
        self.written.append(("hand_back", loop))

    def write_offset(self, loop, dT, now):
        self.written.append(("offset", loop, round(dT, 6)))
        return self.takes

    def write_absolute(self, loop, T, now):
        self.written.append(("absolute", loop, round(T, 6)))
        return self.takes

    def write_deadman(self, seconds, now):
        self.written.append(("deadman", seconds))

    def write_level(self, loop, remote, now):
        self.written.append(("level", loop, remote))

    def write_outdoor_centre(self, T, now):
        self.written.append(("outdoor", round(T, 6)))

    def write_cap(self, token, sequence, m_flow_max, now):
        self.written.append(("cap", token, sequence, round(m_flow_max, 5)))
        return self.takes
