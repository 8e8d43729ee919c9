# Put behind tests/support/redis.tcl of the Redis test suite, for `run.sh --near-all`. The suite seldom reads a key twice before it writes it again, so
# next to nothing would be answered from a near cache. Here each read that may be answered from there has two before it that make its keys hot and
# fetch their values, so that what a test judges is what the near cache says.
#
# Not in transactions, not on connections whose replies the test reads itself, and not in files that count commands, look at the age of keys, or follow
# reads by tracking.
set ::redis::warm_except {
    tests/unit/introspection
    tests/unit/introspection-2
    tests/unit/latency-monitor
    tests/unit/tracking
}

proc ::redis::warm_keys {method arguments} {
    switch -- [string tolower $method] {
        get - strlen - getrange - substr - ttl - pttl {
            return [lrange $arguments 0 0]
        }
        mget - exists {
            return $arguments
        }
    }
    return {}
}

proc ::redis::warm {id method arguments} {
    switch -- [string tolower $method] {
        multi {set ::redis::warm_multi($id) 1}
        exec - discard - reset {set ::redis::warm_multi($id) 0}
    }
    if {[info exists ::redis::warm_multi($id)] && $::redis::warm_multi($id)} return
    if {!$::redis::blocking($id) || $::redis::deferred($id) || $::redis::fd($id) eq {}} return
    if {![info exists ::curfile] || [lsearch -exact $::redis::warm_except [file rootname $::curfile]] >= 0} return
    set keys [::redis::warm_keys $method $arguments]
    if {$keys eq {}} return
    ::redis::__dispatch__raw__ $id mget $keys
    ::redis::__dispatch__raw__ $id mget $keys
    # For the value to come.
    after 1
}

rename ::redis::__dispatch__ ::redis::__dispatch_cold__
proc ::redis::__dispatch__ {id method args} {
    # What fails here fails there in the words that the test expects, unless the connection has ended.
    if {[catch {::redis::warm $id $method $args} said] && $::redis::fd($id) eq {}} {return -code error $said}
    uplevel 1 [list ::redis::__dispatch_cold__ $id $method {*}$args]
}
